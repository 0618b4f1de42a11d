"""Who asks, in the words of the pages: what was checked apart from what is only claimed."""

from dataclasses import dataclass

from deskbell_relay.oauth import redirects
from deskbell_relay.pages.neutral import MOST_CHARACTERS
from deskbell_wire.pairing import CHAT_CLIENT


@dataclass(frozen=True, slots=True)
class Asker:
    """What is known of an assistant that asks."""

    document: str | None
    """The host that describes it, read over TLS; None when the answer's address tells all that is known."""
    answer: str
    """Who gets the answer, such as `claude.ai`, or in words."""
    warning: str | None
    """What the person should know before going on."""


def asker_of(client_id: str, redirect_uri: str) -> Asker:
    """The asker of a request."""
    if client_id == CHAT_CLIENT:
        return Asker(None, "this relay’s own chat page, in this browser", None)
    host, named = shown(redirects.host_of(redirect_uri)), redirects.document_host(client_id)
    document = None if named is None else shown(named)
    if redirects.is_local(host) and redirect_uri.startswith("http://"):
        answer = f"a program on the computer where this page is open ({host})"
        warning = "Any program on this computer could ask like this. Go on only if you have just started it yourself."
    elif host.endswith(":"):
        answer = f"the app that opens {host} links"
        warning = (
            "Any app on this computer could have taken these links. Go on only if you have just started this yourself."
        )
    else:
        answer, warning = host, None
    return Asker(None if document == host else document, answer, warning)


def shown(host: str) -> str:
    """The end of a long host: that is the part which tells whose it is."""
    return host if len(host) <= MOST_CHARACTERS else f"…{host[1 - MOST_CHARACTERS :]}"
