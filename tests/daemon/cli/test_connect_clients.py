"""What people paste is right for their relay, and the pages say the same as the command."""

import base64
import json
import re
import shlex
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from deskbell_daemon.cli.clients import BY_NAME, CLIENTS, Name, gpt_editor, seen_by_the_world
from deskbell_wire.actions import BY_OPERATION, CATALOGUE, SCOPES, Action, in_tool_names

ROOT = Path(__file__).parents[3]
PLUGIN = (ROOT / "gpt_action" / "plugin.md").read_text(encoding="utf-8")
MOVING = (ROOT / "docs" / "moving-from-a-gpt.md").read_text(encoding="utf-8")
GPT = (ROOT / "docs" / "connect-a-gpt.md").read_text(encoding="utf-8")
INSTRUCTIONS = (ROOT / "gpt_action" / "instructions.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
RELAY = "https://bell.example"
MCP = "https://bell.example/mcp"
LAPTOP = "http://127.0.0.1:8787"

every_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)


def tabled(text: str) -> list[list[str]]:
    """The cells of all rows of a page's tables."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]


def test_the_names_that_the_command_takes_are_those_of_the_table():
    assert get_args(Name) == tuple(client.name for client in CLIENTS) == tuple(BY_NAME)


@every_client
def test_every_client_is_told_the_address_and_where_the_code_goes(client):
    document = client.document(RELAY)
    assert document["mcp_url"] == MCP
    assert "{" not in "".join(document["steps"])
    assert any("connect code" in step for step in document["steps"])
    assert "notice" not in document
    told = json.dumps(document | {"mcp_url": "", "link": unquote(document.get("link", ""))})
    assert client.name == "gpt" or MCP in told or base64.b64encode(json.dumps({"url": MCP}).encode()).decode() in told


@every_client
def test_a_client_in_the_cloud_is_told_that_it_cannot_reach_this_machine_and_still_gets_its_values(client):
    document = client.document(LAPTOP)
    assert ("notice" in document) is client.from_cloud
    assert document["mcp_url"] == f"{LAPTOP}/mcp"
    if client.from_cloud:
        assert LAPTOP in document["notice"]
        assert "https" in document["notice"]
        assert "DESKBELL_PUBLIC_URL" in document["notice"]


@pytest.mark.parametrize(
    ("relay", "seen"),
    [
        ("https://bell.example", True),
        ("https://bell.example:8443", True),
        ("https://203.0.113.7", False),  # a documentation network is nobody's
        ("https://1.1.1.1", True),
        ("https://192.168.1.4", False),
        ("https://[fd00::1]", False),
        ("http://[::1]:8787", False),
        ("http://localhost:8787", False),
        ("https://bell.localhost", False),
        ("https://nas.local", False),
        ("https://nas", False),
    ],
)
def test_an_address_that_only_some_can_reach_is_known_as_such(relay, seen):
    assert seen_by_the_world(relay) is seen


def test_the_command_lines_are_what_a_shell_passes_on():
    claude = shlex.split(BY_NAME["claude-code"].document(RELAY)["command"])
    assert claude == ["claude", "mcp", "add", "--transport", "http", "--scope", "user", "deskbell", MCP]
    code, option, entry = shlex.split(BY_NAME["vscode"].document(RELAY)["command"])
    assert (code, option) == ("code", "--add-mcp")
    assert json.loads(entry) == {"name": "deskbell", "type": "http", "url": MCP}
    inspector = shlex.split(BY_NAME["inspector"].document(RELAY)["command"])
    assert inspector[0] == "npx"
    assert inspector[inspector.index("--server-url") + 1] == MCP


def test_the_links_carry_the_name_and_the_address():
    claude = urlsplit(BY_NAME["claude"].document(RELAY)["link"])
    assert (claude.scheme, claude.hostname, claude.path) == ("https", "claude.ai", "/customize/connectors")
    assert parse_qs(claude.query) == {
        "modal": ["add-custom-connector"],
        "connectorName": ["Deskbell"],
        "connectorUrl": [MCP],
    }
    cursor = urlsplit(BY_NAME["cursor"].document(RELAY)["link"])
    assert (cursor.scheme, cursor.netloc, cursor.path) == ("cursor", "anysphere.cursor-deeplink", "/mcp/install")
    asked = parse_qs(cursor.query)
    assert asked["name"] == ["deskbell"]
    assert json.loads(base64.b64decode(asked["config"][0])) == {"url": MCP}
    vscode = BY_NAME["vscode"].document(RELAY)["link"]
    assert vscode.startswith("vscode:mcp/install?")
    assert json.loads(unquote(vscode.partition("?")[2])) == {"name": "deskbell", "type": "http", "url": MCP}


@every_client
def test_the_page_has_every_command_link_value_and_json_of_the_command(client):
    document = client.document(RELAY)
    page = GPT if client.name == "gpt" else PLUGIN
    assert client.name == "gpt" or re.search(rf"^#+ {re.escape(client.title)}\b", page, re.MULTILINE)
    assert f"deskbell connect {client.name}" in page
    for part in ("command", "link", "config_file"):
        assert document.get(part, "") in page
    if "config" in document:
        assert json.dumps(document["config"], indent=2) in page
    for field, value in document.get("values", {}).items():
        assert field == "Client ID and Secret" or value in page, field


@every_client
def test_the_page_names_the_same_buttons_as_the_command(client):
    page = GPT if client.name == "gpt" else PLUGIN
    words = {words for step in client.document(RELAY)["steps"] for words in re.findall("“([^”]+)”", step)}
    assert {words for words in words if words.strip(".") not in page} == set()


def test_every_client_stands_in_the_documentation_of_the_command():
    row = next(line for line in COMMANDS.splitlines() if line.startswith("| `deskbell connect"))
    assert [name for name in BY_NAME if f"`{name}`" not in row] == []


def test_the_gpt_editor_gets_every_scope():
    assert gpt_editor(RELAY)["Scope"].split() == list(SCOPES)


def default_rule(action: Action) -> str:
    return {"read": "does it", "write": "does it, and tells you", "act": "asks you first"}[action.risk]


def test_the_table_of_tools_says_what_the_catalogue_says():
    expected = [
        [
            f"`{action.tool_name}`",
            action.title,
            "reads" if action.risk == "read" else "changes, can destroy" if action.destructive else "changes",
            f"`{action.scope}`",
            "the relay answers" if action.performer == "relay" else default_rule(action),
        ]
        for action in CATALOGUE
    ]
    tools = {action.tool_name for action in CATALOGUE}
    assert [row for row in tabled(PLUGIN) if row[0].strip("`") in tools] == expected


def test_the_table_of_the_move_names_the_tool_of_every_operation():
    expected = [[f"`{action.operation_id}`", f"`{action.tool_name}`", action.title] for action in CATALOGUE]
    assert [row for row in tabled(MOVING) if row[0].strip("`") in BY_OPERATION] == expected


def test_the_instructions_of_the_plugin_are_those_of_the_gpt_with_the_names_of_the_tools():
    pasted = re.findall(r"```text\n(.+?)```", PLUGIN, re.DOTALL)
    assert " ".join(in_tool_names(INSTRUCTIONS).split()) in [" ".join(block.split()) for block in pasted]
