"""Hop 1: a request at a door becomes a command."""
