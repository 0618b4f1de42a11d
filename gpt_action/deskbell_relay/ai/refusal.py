"""Why a provider said no before its first byte: its status and document become a Failure of ours."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from deskbell_relay.ai.failure import Failure, sentence

if TYPE_CHECKING:
    import openai

OVERLOADED: Final = frozenset({429, 503, 529})
AGAIN: Final = frozenset({408, 500, 502, 504})
"""What else may go away by itself: no byte of an answer has come, so nothing is said twice."""

LONGEST_WAIT_S: Final = 86_400


def refusal(error: "openai.APIStatusError", title: str, key: str | None) -> Failure:
    """`title` is the provider's name in sentences; `key` is kept out of them."""
    status = error.status_code
    if status in (401, 403):  # what it says may hold a part of the key
        return Failure("provider_key_refused", f"{title} refuses the relay's key.")
    document = _document(error.body)
    message = document.get("message")
    if status == 404:
        return Failure("model_unavailable", sentence(f"{title} does not have this model", message, key))
    if status in OVERLOADED:
        spent = "insufficient_quota" in (document.get("code"), document.get("type"))
        start = f"{title} has no credit left" if spent else f"{title} is overloaded ({status})"
        wait_s = _seconds(error.response.headers.get("retry-after"))
        return Failure("provider_overloaded", sentence(start, message, key), again=not spent, wait_s=wait_s)
    if status >= 500:
        return Failure("provider_failed", f"{title} failed ({status}).", again=status in AGAIN)
    said = sentence(f"{title} does not take this ({status})", message, key)
    return Failure("provider_refused", said, again=status in AGAIN)


def _document(body: Any) -> dict[str, Any]:
    """The error's document; Gemini's stands in a list of one."""
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    return body if isinstance(body, dict) else {}


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds, of either form (RFC 9110, section 10.2.3)."""
    if not retry_after:
        return None
    try:
        value = float(retry_after)
    except ValueError:
        try:
            then = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        value = max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return value if 0 <= value < LONGEST_WAIT_S else None
