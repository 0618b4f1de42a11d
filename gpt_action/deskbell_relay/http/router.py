"""The route table becomes aiohttp's router; what matches no row gets a problem document too."""

from collections.abc import Iterable

from aiohttp import web

from deskbell_relay.http import cors
from deskbell_relay.http.guard import Guard
from deskbell_relay.http.route import Call, Route
from deskbell_wire.errors import Problem


def mount(app: web.Application, guard: Guard, routes: Iterable[Route]) -> None:
    """Put every route behind the guard, and the rest of all addresses too."""
    for route in routes:
        app.router.add_route(route.method, route.path, guard.wrap(route))
    rows = list(app.router.resources())

    async def methods_of(call: Call) -> set[str]:
        allowed: set[str] = set()
        for row in rows:
            _, methods = await row.resolve(call.request)
            allowed |= methods
        return allowed

    async def preflight(call: Call) -> web.StreamResponse:
        return cors.preflight(call.request, await methods_of(call))

    async def elsewhere(call: Call) -> web.StreamResponse:
        allowed = await methods_of(call)
        if allowed:
            words = ", ".join(sorted(allowed))
            raise Problem(
                "method_not_allowed",
                f"This address takes {words}, not {call.request.method}.",
                headers={"Allow": words},
            )
        raise Problem("not_found", "There is nothing at this address.")

    # No rate: a browser asks before each new address, and the answer costs nothing.
    asked = Route("GET", "(preflight)", preflight, "public", during_drain=True)
    app.router.add_route("OPTIONS", "/{path:.*}", guard.wrap(asked))
    app.on_response_prepare.append(cors.decorate)
    app.router.add_route("*", "/{path:.*}", guard.wrap(Route("GET", "(elsewhere)", elsewhere, "public", rate="public")))
