"""The typed inputs and outputs of the `tab.*` actions, which a browser with the extension performs."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from deskbell_wire.notes import Input, Output

MAX_ADDRESS_CHARACTERS: Final = 2_000
MOST_TABS: Final = 200
"""What `tab.list` gives at once; fewer where their texts would pass 60,000 characters together."""

MAX_TAB_ID: Final = 2**53 - 1
"""The largest integer that a browser holds exactly."""

_FORBIDDEN: Final = frozenset(map(chr, (*range(0x21), 0x7F)))


def _web_address(text: str) -> str:
    scheme, colon, rest = text.partition("://")
    if not colon or scheme.lower() not in ("http", "https") or not rest.strip("/"):
        raise ValueError("give a whole address that begins with https:// or http://")
    if any(character in _FORBIDDEN for character in text):
        raise ValueError("an address holds no spaces and no control characters; write a space as %20")
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    if "@" in authority or "\\" in text:
        raise ValueError("an address with a user name or a backslash in it is not opened: it may look like another")
    return text


WebAddress = Annotated[str, Field(max_length=MAX_ADDRESS_CHARACTERS), AfterValidator(_web_address)]
"""An http or https address. The browser checks it again with its own parser."""

TabId = Annotated[
    int, Field(ge=0, le=MAX_TAB_ID, description="The tab's number, as listTabs gives it. It changes with the browser.")
]


class OpenTab(Input):
    url: WebAddress = Field(description="The page's whole address, with https:// or http://.")
    background: bool = Field(default=False, description="Open it without leaving the tab that the user looks at.")


class ListTabs(Input):
    addresses: bool = Field(
        default=False,
        description="Give each tab's full address too. The browser asks the user first; leave it out if hosts are enough.",
    )
    query: str | None = Field(
        default=None, min_length=1, max_length=200, description="Only tabs whose title or host holds this text."
    )


class FocusTab(Input):
    tab_id: TabId


class CloseTab(Input):
    tab_id: TabId


class TabRef(Output):
    """A tab after an action on it."""

    tab_id: int
    title: str = Field(description="As the page calls itself; nobody has checked it. Empty while it loads.")
    host: str = Field(description="Where the page is from, such as en.wikipedia.org.")


class TabEntry(Output):
    tab_id: int = Field(description="Give it to focusTab, closeTab, capturePage or bookmarkPage.")
    title: str = Field(description="As the page calls itself; nobody has checked it.")
    host: str = Field(description="Where the page is from. Empty for pages of the browser itself.")
    url: str | None = Field(default=None, description="The full address, only if addresses was set.")
    active: bool = Field(description="Whether it is the one shown in its window.")
    window_id: int


class TabList(Output):
    tabs: list[TabEntry] = Field(description="The one that the user looks at first.")
    total: int = Field(description="How many there are; more than are listed here if there are very many.")
    addresses: Literal["given", "withheld"] = Field(description="Whether the tabs' full addresses are in this answer.")
