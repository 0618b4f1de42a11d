"""The measurements of streamed AI answers: transports beside each other, and Deskbell beside LiteLLM's proxy."""
