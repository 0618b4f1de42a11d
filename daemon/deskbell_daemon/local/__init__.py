"""The loopback API for the CLI, the tray and the extension."""
