"""An action that asks, and waiting until it does."""

TRASH = {"action": "note.trash", "arguments": {"path": "a.md"}}
"""In the catalogue of `file_actions` it asks and may not be repeated."""


async def waiting(relay, command_id):
    """Until the relay was told that the command waits for the person."""
    await relay.until(lambda: (command_id, "awaiting_approval") in [(i, p["status"]) for i, p in relay.progress])
