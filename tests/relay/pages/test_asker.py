"""Who asks, in words: what was checked, where the answer goes, and what that cannot prove."""

import pytest

from deskbell_relay.oauth import redirects
from deskbell_relay.pages.asker import asker_of

DOCUMENT = "https://claude.ai/oauth/claude-code-client-metadata"
LONG = "claude.ai." + "a" * 60 + "." + "b" * 60 + ".evil.example"


@pytest.mark.parametrize(
    ("client_id", "redirect_uri", "document", "answer", "kept"),
    [
        ("gpt-1", "https://chatgpt.com/aip/g-1/oauth/callback", None, "chatgpt.com", "chatgpt.com"),
        ("mcp-1", "https://a.example:8443/x", None, "a.example:8443", "a.example:8443"),
        ("mcp-1", "http://127.0.0.1:49152/x", None, "(127.0.0.1)", "127.0.0.1"),
        ("mcp-1", "http://[::1]:49152/x", None, "([::1])", "[::1]"),
        ("mcp-1", "http://localhost/x", None, "(localhost)", "localhost"),
        ("mcp-1", "cursor://anysphere.cursor-mcp/x", None, "the app that opens cursor: links", "cursor:"),
        ("mcp-1", "com.example.app:/x", None, "the app that opens com.example.app: links", "com.example.app:"),
        (DOCUMENT, "https://claude.ai/api/mcp/auth_callback", None, "claude.ai", "claude.ai"),
        (DOCUMENT, "https://claude.com/x", "claude.ai", "claude.com", "claude.ai via claude.com"),
        (DOCUMENT, "http://localhost:3118/callback", "claude.ai", "(localhost)", "claude.ai via localhost"),
    ],
)
def test_what_is_shown_and_what_is_kept(
    client_id: str, redirect_uri: str, document: str | None, answer: str, kept: str
) -> None:
    asker = asker_of(client_id, redirect_uri)
    assert asker.document == document
    assert asker.answer.endswith(answer)
    assert redirects.requester(client_id, redirect_uri) == kept


@pytest.mark.parametrize("uri", ["http://localhost:1/x", "http://127.0.0.1/x", "cursor://x", "com.example.app:/x"])
def test_what_any_program_could_claim_comes_with_a_warning(uri: str) -> None:
    assert "Go on only if" in (asker_of(DOCUMENT, uri).warning or "")


def test_an_address_on_the_web_needs_none() -> None:
    assert asker_of("mcp-1", "https://claude.ai/x").warning is None
    assert asker_of("mcp-1", "https://localhost/x").warning is None


def test_of_a_long_host_the_end_is_shown_since_that_tells_whose_it_is() -> None:
    asker = asker_of(f"https://{LONG}/c", f"https://{LONG}/x")
    assert asker.answer.endswith(".evil.example")
    assert "claude.ai" not in asker.answer
    assert len(asker.answer) == 80


def test_what_is_kept_fits_into_its_column() -> None:
    host = ".".join(["a" * 60] * 4)
    assert len(redirects.requester(f"https://{host}/c", f"https://b{host}/x")) == 255
