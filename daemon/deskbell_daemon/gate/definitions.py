"""What an answer of a person is bound to: a thing (an action, or one of the person's own) and the hash of its definition."""

import hashlib
import json
from collections.abc import Mapping

from deskbell_wire.actions import Action


class Definitions:
    """Splits the key of a job's subject into the thing and its definition."""

    def __init__(self, catalogue: Mapping[str, Action]) -> None:
        self._catalogue = catalogue
        self._known: dict[str, str] = {}

    def of(self, key: str) -> tuple[str, str]:
        """`note.edit` → (`note.edit`, hash of its wire definition); `local.run backup HASH` → (`local.run backup`, HASH).

        Raises KeyError for an action that is not in the catalogue.
        """
        thing, _, own = key.rpartition(" ")
        if thing:
            return thing, own
        if key not in self._known:
            self._known[key] = wire_hash(self._catalogue[key])
        return key, self._known[key]


def wire_hash(action: Action) -> str:
    """16 hex digits that change with anything in the action that the wire shows: its schemas, its words, its risk."""
    content = [
        action.id,
        action.operation_id,
        action.title,
        action.description,
        action.scope,
        action.risk,
        action.repeatable,
        action.destructive,
        action.open_world,
        action.input.model_json_schema(),
        action.output.model_json_schema(),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
