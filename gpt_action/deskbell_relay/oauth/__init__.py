"""Identity: authorization server, device grant, tokens and keys."""
