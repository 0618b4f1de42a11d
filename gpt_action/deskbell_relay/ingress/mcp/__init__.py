"""The MCP door: Streamable HTTP, by the official SDK, for both revisions of the protocol that are in use."""
