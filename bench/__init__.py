"""Deskbell's own measurements, each taken in the same run as a peer's."""
