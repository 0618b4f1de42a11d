"""What clients read to find their way: RFC 8414, RFC 9728, and the JSON Web Key set."""

from typing import Any, Final

from aiohttp import web

from deskbell_relay.http.responses import json_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth import client_assertions
from deskbell_relay.oauth.audiences import Audiences
from deskbell_relay.oauth.clients import DEVICE_CODE
from deskbell_relay.oauth.keys import Keys
from deskbell_relay.settings import Settings
from deskbell_wire.actions import SCOPES
from deskbell_wire.errors import Problem

KEPT: Final = {"Cache-Control": "public, max-age=300"}

AUTH_METHODS: Final = ("none", "client_secret_post", "client_secret_basic", "private_key_jwt")


class Metadata:
    """The `/.well-known` documents."""

    def __init__(self, settings: Settings, keys: Keys, audiences: Audiences) -> None:
        self._settings = settings
        self._keys = keys
        self._resources = {"actions": audiences.actions, "mcp": audiences.mcp, "v1": audiences.devices}

    def routes(self) -> list[Route]:
        """This room's rows of the route table."""
        known = "/.well-known"
        return [
            Route(
                "GET", f"{known}/oauth-authorization-server", self.server, "public", rate="public", summary="RFC 8414"
            ),
            Route(
                "GET", f"{known}/oauth-protected-resource", self.resource, "public", rate="public", summary="RFC 9728"
            ),
            Route(
                "GET",
                f"{known}/oauth-protected-resource/{{door}}",
                self.resource,
                "public",
                rate="public",
                summary="RFC 9728",
            ),
            Route("GET", f"{known}/jwks.json", self.jwks, "public", rate="public", summary="Signing keys (RFC 7517)"),
        ]

    async def server(self, _call: Call) -> web.StreamResponse:
        issuer = self._settings.issuer
        return json_response(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/oauth/authorize",
                "token_endpoint": f"{issuer}/oauth/token",
                "registration_endpoint": f"{issuer}/oauth/register",
                "client_id_metadata_document_supported": True,
                "revocation_endpoint": f"{issuer}/oauth/revoke",
                "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
                "jwks_uri": f"{issuer}/.well-known/jwks.json",
                "scopes_supported": [*SCOPES, "offline_access"],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_CODE],
                "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
                "token_endpoint_auth_signing_alg_values_supported": list(client_assertions.ALGORITHMS),
                "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
                "revocation_endpoint_auth_signing_alg_values_supported": list(client_assertions.ALGORITHMS),
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                "service_documentation": f"{issuer}/",
            },
            headers=KEPT,
        )

    async def resource(self, call: Call) -> web.StreamResponse:
        """Of one door; without a name, of the MCP door, whose clients are the ones that look. Problem not_found."""
        resource = self._resources.get(call.request.match_info.get("door", "mcp"))
        if resource is None:
            raise Problem("not_found", "There is no such door.")
        document: dict[str, Any] = {
            "resource": resource,
            "authorization_servers": [self._settings.issuer],
            "bearer_methods_supported": ["header"],
            "scopes_supported": list(SCOPES),
            "resource_name": "Deskbell",
        }
        return json_response(document, headers=KEPT)

    async def jwks(self, _call: Call) -> web.StreamResponse:
        return json_response(self._keys.jwks(), headers=KEPT)
