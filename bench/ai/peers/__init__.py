"""Servers that relay the same answers in other ways."""
