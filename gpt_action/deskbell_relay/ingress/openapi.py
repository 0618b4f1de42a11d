"""The OpenAPI document that the GPT editor imports, made from the catalogue.

Flat, because readers of such schemas trip over `$ref` in bodies, `allOf` and path-level parameters: one server, no
references but to nothing, an explicit `x-openai-isConsequential` on each operation.
"""

import json
import sys
from typing import Any, Final

from deskbell_relay.ingress.schemas import answers_with_result, input_schema, output_schema
from deskbell_wire.actions import CATALOGUE, SCOPES, Action
from deskbell_wire.errors import MEDIA_TYPE
from deskbell_wire.version import RELEASE

MOST_OPERATIONS: Final = 30
MOST_OPERATION_DESCRIPTION: Final = 300
MOST_PARAMETER_DESCRIPTION: Final = 700

_DESCRIPTION = (
    "Deskbell acts on the user's own laptop: it keeps notes there. Every call is carried out on the laptop or in the user's "
    "browser, which may ask the user first. An answer with status 202 is not finished: call getResult with its id after "
    "check_after_s seconds."
)


def document(server: str) -> dict[str, Any]:
    """The whole document, for the relay at `server`, such as `https://bell.example`."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Deskbell", "version": RELEASE, "description": _DESCRIPTION},
        "servers": [{"url": server}],
        "security": [{"deskbell": []}],
        "paths": {f"/actions/{action.operation_id}": {"post": _operation(action)} for action in CATALOGUE},
        "components": {
            "schemas": {},
            "securitySchemes": {
                "deskbell": {
                    "type": "oauth2",
                    "flows": {
                        "authorizationCode": {
                            "authorizationUrl": f"{server}/oauth/authorize",
                            "tokenUrl": f"{server}/oauth/token",
                            "refreshUrl": f"{server}/oauth/token",
                            "scopes": SCOPES,
                        }
                    },
                }
            },
        },
    }


def _operation(action: Action) -> dict[str, Any]:
    return {
        "operationId": action.operation_id,
        "summary": action.title,
        "description": action.description,
        "x-openai-isConsequential": action.risk == "act" or action.destructive,
        "security": [{"deskbell": [action.scope]}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": input_schema(action)}},
        },
        "responses": _responses(action),
    }


def _responses(action: Action) -> dict[str, Any]:
    answer = output_schema(action)
    if not answers_with_result(action):
        responses = {"200": _response("The answer", "application/json", answer)}
    else:
        responses = {
            "200": _response(
                "Finished: done, refused, failed, interrupted, expired or cancelled", "application/json", answer
            ),
            "202": _response("Not finished yet: call getResult later", "application/json", answer),
        }
    responses["4XX"] = _response("Not accepted: nothing was done", MEDIA_TYPE, _PROBLEM)
    responses["5XX"] = _response("The relay cannot do it now", MEDIA_TYPE, _PROBLEM)
    return responses


_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was wrong, in this case"},
        "code": {"type": "string", "description": "Stable, for programs"},
        "next_step": {"type": "string", "description": "What to do about it"},
        "request_id": {"type": "string"},
        "retry_after_s": {"type": "integer"},
    },
}


def _response(description: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


EXAMPLE_SERVER: Final = "https://deskbell.example"
"""Stands in the document that is checked in; a relay serves the same with its own address."""


def main() -> None:
    """Print the document as it is checked in: `make openapi`."""
    sys.stdout.write(json.dumps(document(EXAMPLE_SERVER), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
