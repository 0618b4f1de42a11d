"""The model on this machine: no key, no network, nobody who bills."""

from deskbell_relay.ai.providers.provider import Provider, yes

LOCAL_MODEL = "smollm2-135m-instruct"
LOCAL = Provider("local", "The model on the relay's machine", (LOCAL_MODEL,), needs_key=False, stops_billing=yes)
