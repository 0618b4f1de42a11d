"""Templates and the static files: everything a person's browser gets from this relay."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import aiohttp_jinja2
import jinja2
from aiohttp import web

from deskbell_relay.http.route import Call, Route
from deskbell_relay.pages.neutral import neutral
from deskbell_wire.actions import SCOPE_WORDS

_HERE: Final = Path(__file__).parent
_TYPES: Final = {".css": "text/css", ".js": "text/javascript"}


def prepare(app: web.Application) -> None:
    """Give the application its templates. Call it once, before the application starts."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["neutral"] = neutral
    environment.filters["scope_words"] = scope_words
    environment.globals.update(
        style=STATIC["page.css"].path,
        script=STATIC["page.js"].path,
        chat_style=STATIC["chat.css"].path,
        chat_script=STATIC["chat/chat.js"].path,
        shared_script=STATIC["chat/shared.js"].path,
    )


def scope_words(scope: str) -> str:
    """A scope as the person reads it."""
    return SCOPE_WORDS.get(scope, scope)


def page(call: Call, template: str, context: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """A page made from `templates/{template}`."""
    return aiohttp_jinja2.render_template(template, call.request, dict(context), status=status)


class StaticFile:
    """A file whose name changes with its content, so that browsers may keep it for ever."""

    def __init__(self, name: str, version: str | None = None) -> None:
        """With a `version`, that of its folder: modules name each other there, so they change their address together."""
        source = _HERE / "static" / name
        self._content = source.read_bytes()
        self._version = sha256(self._content).hexdigest()[:12]
        self._type = _TYPES[source.suffix]
        self.path = f"/static/{source.stem}.{self._version}{source.suffix}"
        if version is not None:
            self.path = f"/static/{source.parent.name}.{version}/{source.name}"

    def route(self) -> Route:
        """Its row of the route table."""
        return Route("GET", self.path, self.serve, "public", rate="public", summary="What the pages look and act like")

    async def serve(self, call: Call) -> web.StreamResponse:
        """200, or 304 for a browser that has it."""
        headers = {"ETag": f'"{self._version}"', "Cache-Control": "public, max-age=31536000, immutable"}
        known = call.request.if_none_match or ()
        if any(tag.value in {self._version, "*"} for tag in known):
            return web.Response(status=304, headers=headers)
        return web.Response(body=self._content, content_type=self._type, charset="utf-8", headers=headers)


def _modules(folder: str) -> dict[str, StaticFile]:
    files = sorted((_HERE / "static" / folder).glob("*.js"))
    version = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    return {f"{folder}/{file.name}": StaticFile(f"{folder}/{file.name}", version) for file in files}


STATIC: Final = {name: StaticFile(name) for name in ("page.css", "chat.css", "page.js")} | _modules("chat")
