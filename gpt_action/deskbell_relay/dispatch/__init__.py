"""Hop 2: choose the device, join duplicates, wait for the result."""
