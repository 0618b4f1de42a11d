"""The line to the relay: tokens, the stream, reports, pairing."""
