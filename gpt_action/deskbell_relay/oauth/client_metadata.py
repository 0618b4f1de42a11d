"""What a client says of itself, when it registers (RFC 7591 section 2) or in its document: checked in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from deskbell_relay.oauth import redirects
from deskbell_relay.oauth.clients import AUTHORIZATION_CODE, REFRESH_TOKEN
from deskbell_relay.oauth.errors import OAuthError
from deskbell_wire.actions import SCOPES

MOST_NAME: Final = 200
MOST_SHOWN: Final = 80
GRANT_TYPES: Final = (AUTHORIZATION_CODE, REFRESH_TOKEN)


@dataclass(frozen=True, slots=True)
class Described:
    """A client as it describes itself."""

    name: str
    redirect_uris: tuple[str, ...]
    auth_method: str
    grant_types: tuple[str, ...]
    scope: str


def described(document: Mapping[str, Any], *, most_uris: int, auth_methods: tuple[str, ...], usual: str) -> Described:
    """The client that `document` describes. What we do not know is ignored, as RFC 7591 section 2 says.

    `usual` is the authentication of a client that names none. Raises OAuthError invalid_redirect_uri,
    invalid_client_metadata.
    """
    redirect_uris = _redirect_uris(document.get("redirect_uris"), most_uris)
    method = document.get("token_endpoint_auth_method", usual)
    if method not in auth_methods:
        raise bad(f"token_endpoint_auth_method must be one of {', '.join(auth_methods)}")
    grant_types = _texts(document, "grant_types", (AUTHORIZATION_CODE,))
    if AUTHORIZATION_CODE not in grant_types:
        raise bad(f"grant_types must have {AUTHORIZATION_CODE}")
    if "code" not in _texts(document, "response_types", ("code",)):
        raise bad("response_types must have code")
    # Some clients list all they could use, such as the device grant in VS Code: we name those that they get here.
    return Described(
        name=_name(document.get("client_name"), redirect_uris[0]),
        redirect_uris=redirect_uris,
        auth_method=method,
        grant_types=tuple(each for each in GRANT_TYPES if each in grant_types),
        scope=_scope(document.get("scope")),
    )


def bad(what: str) -> OAuthError:
    """The answer to a description that will not do."""
    return OAuthError("invalid_client_metadata", f"{what}.")


def _redirect_uris(value: object, most: int) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise OAuthError("invalid_redirect_uri", f"redirect_uris must be a list of 1 to {most} addresses.")
    for uri in value:
        if not isinstance(uri, str):
            raise OAuthError("invalid_redirect_uri", "redirect_uris must be texts.")
        problem = redirects.problem_with_stranger(uri)
        if problem is not None:
            shown = uri[:MOST_SHOWN].encode("ascii", "backslashreplace").decode()
            raise OAuthError("invalid_redirect_uri", f"The redirect URI {shown} {problem}.")
    return tuple(dict.fromkeys(value))


def _name(value: object, redirect_uri: str) -> str:
    """Its name; without one, that of the place which gets its answers."""
    if value is None:
        return f"A client at {redirects.host_of(redirect_uri)}"[:MOST_NAME]
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MOST_NAME:
        raise bad(f"client_name must be a text of 1 to {MOST_NAME} characters")
    return value.strip()


def _texts(document: Mapping[str, Any], name: str, usual: tuple[str, ...]) -> tuple[str, ...]:
    value = document.get(name)
    if value is None:
        return usual
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise bad(f"{name} must be a list of texts")
    return tuple(value)


def _scope(value: object) -> str:
    """The scopes that the client is likely to ask for. It binds nobody: the person allows them one by one, later."""
    if value is None:
        return " ".join(SCOPES)
    if not isinstance(value, str):
        raise bad("scope must be a text")
    asked = value.split()
    return " ".join(scope for scope in (*SCOPES, "offline_access") if scope in asked)
