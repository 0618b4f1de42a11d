"""The command line: one file a family of commands, one table of them."""
