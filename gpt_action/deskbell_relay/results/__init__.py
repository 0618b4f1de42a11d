"""Hop 6: a result meets the request that waits for it."""
