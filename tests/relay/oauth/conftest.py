"""Fixtures of the tests of tokens and authorization."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from document_server import DocumentServer
from paired_relay import PairedRelay

from deskbell_relay.oauth.client_documents import Documents


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[DocumentServer]:
    """A server of documents."""
    server = await DocumentServer(tmp_path).start()
    yield server
    await server.stop()


@pytest.fixture
def documents(relay: PairedRelay, server: DocumentServer) -> Documents:
    """The relay's documents, which may reach that server."""
    found = relay.core.identity.documents
    found.fetcher = server.fetcher()
    return found
