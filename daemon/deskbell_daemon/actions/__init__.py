"""The actions that this daemon performs: one file each, and one table."""
