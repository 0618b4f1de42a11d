"""One file a family of commands. Heavy imports are late: `deskbell --version` and a typing error answer at once."""
