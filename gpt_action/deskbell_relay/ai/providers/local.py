"""The model on this machine: no key, no network, nobody who bills."""

from dataclasses import replace
from typing import Any

from deskbell_relay.ai.chat_completions import CHAT_COMPLETIONS
from deskbell_relay.ai.providers.provider import Provider, yes

LOCAL_MODEL = "smollm2-135m-instruct"


def _with_progress(model: str, messages: list[dict[str, str]]) -> dict[str, Any]:
    """It also tells how far it has read the prompt: only when it has something to say it sees that nobody listens."""
    return CHAT_COMPLETIONS.body(model, messages) | {"return_progress": True}


LOCAL = Provider(
    "local",
    "The model on the relay's machine",
    (LOCAL_MODEL,),
    needs_key=False,
    api=replace(CHAT_COMPLETIONS, body=_with_progress),
    stops_billing=yes,
)
