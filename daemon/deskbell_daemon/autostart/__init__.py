"""Starting by itself: with the login, in the way that each system has for it."""
