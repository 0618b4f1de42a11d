"""The relay against its own OpenAPI document: whatever schemathesis makes of it, no crash and no answer outside it."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from assistants import connect
from hypothesis import HealthCheck, settings
from paired_relay import PairedRelay
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deskbell_relay.ingress.openapi import document

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A relay in a thread of its own, and an assistant's token: schemathesis is synchronous."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start(folder: Path) -> tuple[PairedRelay, str]:
        generous = {
            "commands_rate": "1000000/minute",
            "requests_rate": "1000000/minute",
            "offline_wait_s": 0,
            "wait_s": 0,
        }
        relay = await PairedRelay(folder, **generous).start()
        return relay, (await connect(await relay.pair())).access_token

    relay, token = asyncio.run_coroutine_threadsafe(start(tmp_path_factory.mktemp("relay")), loop).result(30)
    yield relay.url, token
    asyncio.run_coroutine_threadsafe(relay.stop(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


schema = schemathesis.openapi.from_dict(document("http://127.0.0.1"))


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_operation_answers_as_its_document_says(case: schemathesis.Case[Any], running: tuple[str, str]) -> None:
    url, token = running
    case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
