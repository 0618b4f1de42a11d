"""Hop 3: append to the account's log, and tell the process that holds the stream."""
