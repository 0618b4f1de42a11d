"""The clients that people connect: one row each, with its screens, its values and what to paste or click.

To add one, write its row below and its name in `Name`, and its section in gpt_action/plugin.md: a test compares them.
The words between “ and ” are those of the client's own screens, as its maker's documents have them (November 2026).
"""

import ipaddress
import json
import shlex
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

Name = Literal["gpt", "chatgpt", "claude", "claude-desktop", "claude-code", "cursor", "vscode", "inspector"]

TITLE: Final = "Deskbell"
"""What the connection is called where a person reads it."""

SERVER: Final = "deskbell"
"""The same as a key in a configuration."""

APPROVE: Final = "The relay's page opens in a browser: type the connect code there, then answer on this laptop."


@dataclass(frozen=True, slots=True)
class Client:
    """One row: `{mcp}` in a step is the relay's MCP address; the callables take the relay's address or the MCP one."""

    name: Name
    title: str
    steps: tuple[str, ...]
    from_cloud: bool = False
    """Its maker's servers call the relay, so a relay that only this machine reaches will not do."""
    values: Callable[[str], dict[str, str]] | None = None
    """Relay address → what to fill in, by the names of the form's fields."""
    command: Callable[[str], str] | None = None
    """MCP address → a line for a POSIX shell."""
    link: Callable[[str], str] | None = None
    """MCP address → what to open."""
    config: Callable[[str], dict[str, Any]] | None = None
    """MCP address → the JSON of `config_file`."""
    config_file: str | None = None

    def document(self, relay: str) -> dict[str, Any]:
        """All that this client needs for the relay at `relay` (without a slash at its end); what it lacks is left out."""
        mcp = f"{relay}/mcp"
        made: dict[str, Any] = {
            "client": self.name,
            "title": self.title,
            "relay": relay,
            "mcp_url": mcp,
            "steps": [step.replace("{mcp}", mcp) for step in self.steps],
        }
        if self.values:
            made["values"] = self.values(relay)
        if self.command:
            made["command"] = self.command(mcp)
        if self.link:
            made["link"] = self.link(mcp)
        if self.config:
            made |= {"config_file": self.config_file, "config": self.config(mcp)}
        if self.from_cloud and not seen_by_the_world(relay):
            made["notice"] = (
                f"{self.title} calls the relay from its maker's servers, and they cannot reach {relay}. Give the relay a "
                "public https address (a host, or a tunnel to this machine), start it with that as DESKBELL_PUBLIC_URL, "
                "then unpair this laptop and pair it with the new address."
            )
        return made


def seen_by_the_world(relay: str) -> bool:
    """Whether the address could be reached from elsewhere: not loopback, a private network, or a local name."""
    host = urlsplit(relay).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))


def gpt_editor(relay: str) -> dict[str, str]:
    """The fields of the GPT editor."""
    from deskbell_wire.actions import SCOPES  # late: it brings pydantic, and the help needs this module

    return {
        "Import the schema from": f"{relay}/openapi.json",
        "Privacy policy": f"{relay}/privacy",
        "Authentication": "OAuth",
        "Client ID and Secret": "from the relay's operator: deskbell relay client add NAME --redirect-uri URI",
        "Authorization URL": f"{relay}/oauth/authorize",
        "Token URL": f"{relay}/oauth/token",
        "Scope": " ".join(SCOPES),
        "Token Exchange Method": "Default (POST request)",
    }


def plugin_form(relay: str) -> dict[str, str]:
    """The fields of ChatGPT's form for a custom MCP server."""
    return {"Name": TITLE, "Server URL": f"{relay}/mcp", "Authentication": "OAuth"}


def connector_form(relay: str) -> dict[str, str]:
    """The fields of Claude's form for a custom connector."""
    return {"Name": TITLE, "Remote MCP server URL": f"{relay}/mcp"}


def connector_link(mcp: str) -> str:
    """Claude's form, filled in (claude.com/docs/connectors, "Custom connectors")."""
    address = "https://claude.ai/customize/connectors?modal=add-custom-connector"
    return f"{address}&connectorName={TITLE}&connectorUrl={quote(mcp, safe='')}"


def cursor_link(mcp: str) -> str:
    """Cursor's deeplink: the server's entry of mcp.json in base64 (cursor.com/docs/mcp/install-links)."""
    entry = b64encode(json.dumps({"url": mcp}, separators=(",", ":")).encode()).decode()
    return f"cursor://anysphere.cursor-deeplink/mcp/install?name={SERVER}&config={quote(entry, safe='')}"


def vscode_entry(mcp: str) -> str:
    """The JSON that `code --add-mcp` and `vscode:mcp/install` take."""
    return json.dumps({"name": SERVER, "type": "http", "url": mcp}, separators=(",", ":"))


CLIENTS: Final[tuple[Client, ...]] = (
    Client(
        "gpt",
        "A custom GPT",
        (
            "The relay's operator makes a client: deskbell relay client add 'My GPT'.",
            "In the GPT editor choose “Create new action”, then “Import from URL”, and fill in the values below.",
            "Tell the operator the callback that the editor shows: deskbell relay client change gpt-… --gpt g-….",
            "Say something that needs a note. " + APPROVE,
        ),
        from_cloud=True,
        values=gpt_editor,
    ),
    Client(
        "chatgpt",
        "ChatGPT",
        (
            "On the web, open https://chatgpt.com/plugins and select the plus button, then “Add custom MCP server”. If it is "
            "not there, turn on “Developer mode” in “Settings → Security and login”; in a workspace an admin allows it.",
            "Fill in the values below. Leave the client ID and secret empty: ChatGPT registers itself.",
            "Read the warning and select “I understand and want to continue”.",
            APPROVE,
            "Open the plugin among your own at https://chatgpt.com/plugins and select the plus button to install it. In a chat "
            "under “Work”, type @ and choose Deskbell.",
        ),
        from_cloud=True,
        values=plugin_form,
    ),
    Client(
        "claude",
        "Claude",
        (
            "Open the link: it fills in Claude's form. Without it: “Customize”, “Connectors”, the plus button, “Add custom "
            "connector”. In Team and Enterprise an owner adds the connector first.",
            "Compare the values below, leave “OAuth Client ID” and “OAuth Client Secret” empty, and select “Add”.",
            "Select “Connect” beside Deskbell. " + APPROVE,
        ),
        from_cloud=True,
        values=connector_form,
        link=connector_link,
    ),
    Client(
        "claude-desktop",
        "Claude Desktop",
        (
            "In the app open “Customize”, “Connectors”, the plus button, “Add custom connector”. Not "
            "claude_desktop_config.json: Claude Desktop takes no server of the network from it.",
            "Fill in the values below, leave “OAuth Client ID” and “OAuth Client Secret” empty, and select “Add”.",
            "Select “Connect” beside Deskbell. " + APPROVE,
        ),
        from_cloud=True,
        values=connector_form,
    ),
    Client(
        "claude-code",
        "Claude Code",
        (
            "Run the command below (--scope user: in all your projects).",
            "In a session type /mcp, choose deskbell, then “Authenticate”.",
            APPROVE,
        ),
        command=lambda mcp: shlex.join(
            ["claude", "mcp", "add", "--transport", "http", "--scope", "user", SERVER, mcp],
        ),
    ),
    Client(
        "cursor",
        "Cursor",
        (
            "Open the link and let Cursor install the server; or add the JSON below to ~/.cursor/mcp.json (.cursor/mcp.json "
            "for one project).",
            "In the sidebar open “Customize”, then “MCPs”: switch deskbell on and sign in.",
            APPROVE,
        ),
        link=cursor_link,
        config=lambda mcp: {"mcpServers": {SERVER: {"url": mcp}}},
        config_file="~/.cursor/mcp.json",
    ),
    Client(
        "vscode",
        "VS Code",
        (
            "Open the link, or run the command; or, for one project, write the JSON below into .vscode/mcp.json.",
            "Run “MCP: List Servers” from the Command Palette, choose deskbell, then “Start Server”. Trust it, and allow "
            "it to open the browser.",
            APPROVE,
        ),
        command=lambda mcp: shlex.join(["code", "--add-mcp", vscode_entry(mcp)]),
        link=lambda mcp: f"vscode:mcp/install?{quote(vscode_entry(mcp), safe='')}",
        config=lambda mcp: {"servers": {SERVER: {"type": "http", "url": mcp}}},
        config_file=".vscode/mcp.json",
    ),
    Client(
        "inspector",
        "MCP Inspector",
        (
            # npx takes an older Inspector, which knows no --server-url, rather than one that asks for a newer Node.
            "Run the command below, with Node 22.19 or later; open the address that it prints.",
            "Connect to the server. " + APPROVE,
        ),
        command=lambda mcp: shlex.join(
            ["npx", "@modelcontextprotocol/inspector@latest", "--transport", "http", "--server-url", mcp],
        ),
    ),
)

BY_NAME: Final[dict[Name, Client]] = {client.name: client for client in CLIENTS}
