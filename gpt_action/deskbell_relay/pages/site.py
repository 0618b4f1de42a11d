"""The pages that anybody may read, and the page of an error."""

from aiohttp import web

from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth.secrets import normal_code
from deskbell_relay.pages.rendering import STATIC, page
from deskbell_relay.settings import Settings
from deskbell_wire.errors import Problem
from deskbell_wire.pairing import CODE_ALPHABET, CODE_CHARACTERS


class Site:
    """Status, pairing, privacy, and what they look like."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """These pages' rows of the route table."""
        return [
            Route("GET", "/", self.status, "public", rate="public", page=True, summary="What this is"),
            Route("GET", "/pair", self.pair, "public", rate="public", page=True, summary="How a device is paired"),
            Route("GET", "/privacy", self.privacy, "public", rate="public", page=True, summary="What is kept"),
            *(file.route() for file in STATIC.values()),
        ]

    async def status(self, call: Call) -> web.StreamResponse:
        return page(call, "status.html", {"issuer": self._settings.issuer})

    async def pair(self, call: Call) -> web.StreamResponse:
        """Approves nothing: only a paired laptop can. So there is nothing here that a link could do to its reader."""
        code = shown_code(call.request.query.get("user_code", ""))
        settings = self._settings
        return page(call, "pair.html", {"code": code, "issuer": settings.issuer, "registration": settings.registration})

    async def privacy(self, call: Call) -> web.StreamResponse:
        settings = self._settings
        return page(
            call,
            "privacy.html",
            {
                "operator": settings.operator,
                "contact": settings.contact,
                "retention": span(settings.retention_s),
                "tokens": span(settings.refresh_token_s),
                "session": span(settings.chat_session_s),
            },
        )


def error_page(call: Call, problem: Problem) -> web.Response:
    """A problem as a page."""
    response = page(call, "error.html", {"problem": problem, "request_id": call.request_id}, status=problem.status)
    response.headers.update(problem.headers)
    return response


def shown_code(text: str) -> str | None:
    """A user code that may be shown, such as `WDJB-MJHT`; None for whatever else an address may carry."""
    code = normal_code(text)
    if len(code) != CODE_CHARACTERS or set(code) - set(CODE_ALPHABET):
        return None
    half = CODE_CHARACTERS // 2
    return f"{code[:half]}-{code[half:]}"


def span(seconds: int) -> str:
    """`7 days`, `36 hours`, `90 minutes`: the largest unit that tells it in whole numbers."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"
