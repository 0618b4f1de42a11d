"""The tray: a process of its own that shows how the daemon is, what waits, and opens what answers it."""
