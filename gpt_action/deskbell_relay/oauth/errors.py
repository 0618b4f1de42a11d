"""Errors of the OAuth endpoints, in the form of RFC 6749 section 5.2, which clients know how to read."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from deskbell_relay.http.responses import json_response
from deskbell_wire.errors import Problem

STATUS: Final[Mapping[str, int]] = {
    "invalid_client": 401,
    "server_error": 500,
    "temporarily_unavailable": 503,
}
"""All others are 400."""


class OAuthError(Exception):
    """`code` of RFC 6749, 7009, 8628 or 8707, and a sentence for the client's developer."""

    def __init__(self, code: str, description: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return STATUS.get(self.code, 400)

    def response(self) -> web.Response:
        """The JSON answer, which nobody may store."""
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache", **self.headers}
        document = {"error": self.code, "error_description": self.description}
        return json_response(document, status=self.status, headers=headers)


def from_problem(problem: Problem) -> OAuthError:
    """A problem with the form itself, said in OAuth's words."""
    code = "temporarily_unavailable" if problem.status >= 500 else "invalid_request"
    return OAuthError(code, problem.detail, headers=problem.headers)
