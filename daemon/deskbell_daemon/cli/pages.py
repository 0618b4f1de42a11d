"""Just enough of a browser for the relay's authorize page: its form, and where the waiting page goes on to."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from deskbell_wire.errors import Problem


@dataclass(slots=True)
class Form:
    """A form and its fields; `asked` is the one that a person fills in."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    asked: str | None = None


class Page(HTMLParser):
    """A page's first form, its text, and where it goes on to.

    `refresh` is what its `<meta http-equiv=refresh>` names; `back` its link to the client, which a person would click.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.form: Form | None = None
        self.refresh: str | None = None
        self.back: str | None = None
        self._words: list[str] = []
        self._hidden = 0
        self.feed(text)
        self.close()

    @property
    def text(self) -> str:
        """What a person reads on it."""
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in ("script", "style", "head"):
            self._hidden += 1
        if tag == "form" and self.form is None:
            self.form = Form(values.get("action", ""))
        elif tag == "input" and self.form is not None and values.get("name"):
            if values.get("type", "text") in ("hidden", "submit"):
                self.form.fields.setdefault(values["name"], values.get("value", ""))
            else:
                self.form.asked = self.form.asked or values["name"]
        elif tag == "a" and values.get("href", "").endswith("/continue"):
            self.back = values["href"]
        elif tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            _, _, address = values.get("content", "").partition("url=")
            self.refresh = address.strip(" '\"") or None

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head"):
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._words.append(data)


def code_form(text: str) -> Form:
    """The form that asks for the code. Raises Problem with the page's own words when there is none."""
    page = Page(text)
    if page.form is None or page.form.asked is None:
        raise Problem("malformed_request", f"The relay's page asks for no code. It says: {page.text[:300]}")
    return page.form
