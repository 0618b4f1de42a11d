"""A real HTTPS server with clients' documents, on loopback, and fetchers that may reach it."""

import datetime
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paired_relay import PairedRelay, Tab
from registered_clients import PKCE

from deskbell_relay.oauth.fetcher import Address, Fetcher

HOST = "client.example"
HERE = "127.0.0.1"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Names(AbstractResolver):
    """A name server that gives the next of `answers` each time, the last one for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        kind = socket.AF_INET6 if ":" in answer else socket.AF_INET
        found = ResolveResult(hostname=host, host=answer, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
        return [found]

    async def close(self) -> None:
        pass


class DocumentServer:
    """Start, put answers, stop. `hits` are the paths that were asked for."""

    def __init__(self, folder: Path) -> None:
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        _make_certificate(certificate, key)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self.trust = ssl.create_default_context(cafile=str(certificate))
        self.answers: dict[str, Answer] = {}
        self.hits: list[str] = []
        self.headers: list[dict[str, str]] = []

    async def start(self) -> "DocumentServer":
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HERE, 0, ssl_context=self._context)
        await site.start()
        self.port: int = self._runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        await self._runner.cleanup()

    def url(self, path: str = "/client.json") -> str:
        return f"https://{HOST}:{self.port}{path}"

    def fetcher(self, names: Names | None = None, **changes: Any) -> Fetcher:
        """One that takes 127.0.0.1, and no other address of this machine, for a public one."""
        usual: dict[str, Any] = {"permits": is_here, "context": self.trust, "resolver": names or Names(HERE)}
        return Fetcher(**(usual | changes))

    def put(self, path: str = "/client.json", headers: dict[str, str] | None = None, **changes: Any) -> str:
        """A good document at `path`, with `changes` (None leaves a member out); its address."""
        document = {
            "client_id": self.url(path),
            "client_name": "A Documented Client",
            "redirect_uris": [f"https://{HOST}/callback"],
            "token_endpoint_auth_method": "none",
        } | changes
        self.put_json({name: value for name, value in document.items() if value is not None}, path, headers)
        return self.url(path)

    def put_json(self, document: Any, path: str = "/client.json", headers: dict[str, str] | None = None) -> None:
        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(text=json.dumps(document), content_type="application/json", headers=headers)

        self.answers[path] = answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.hits.append(request.path)
        self.headers.append(dict(request.headers))
        answer = self.answers.get(request.path)
        return web.Response(status=404) if answer is None else await answer(request)


async def arrived(
    relay: PairedRelay, client_id: str, redirect_uri: str = f"https://{HOST}/callback"
) -> tuple[int, Tab]:
    """Come to the authorize page from such a client: the status, and the tab."""
    tab = relay.tab()
    answer = await tab.authorize(client_id=client_id, redirect_uri=redirect_uri, **PKCE)
    return answer.status, tab


def is_here(address: Address) -> bool:
    return address == ip_address(HERE)


def _make_certificate(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
