"""Hop 4: an open SSE stream: replay, live, heartbeat, drain."""
