"""The route table becomes aiohttp's router; what matches no row gets a problem document too."""

from collections.abc import Iterable

from aiohttp import web

from deskbell_relay.http.guard import Guard
from deskbell_relay.http.route import Call, Route
from deskbell_wire.errors import Problem


def mount(app: web.Application, guard: Guard, routes: Iterable[Route]) -> None:
    """Put every route behind the guard, and the rest of all addresses too."""
    for route in routes:
        app.router.add_route(route.method, route.path, guard.wrap(route))
    rows = list(app.router.resources())

    async def elsewhere(call: Call) -> web.StreamResponse:
        allowed: set[str] = set()
        for row in rows:
            _, methods = await row.resolve(call.request)
            allowed |= methods
        if allowed:
            words = ", ".join(sorted(allowed))
            raise Problem(
                "method_not_allowed",
                f"This address takes {words}, not {call.request.method}.",
                headers={"Allow": words},
            )
        raise Problem("not_found", "There is nothing at this address.")

    app.router.add_route("*", "/{path:.*}", guard.wrap(Route("GET", "(elsewhere)", elsewhere, "public", rate="public")))
