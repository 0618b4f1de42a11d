"""AI runs: one upstream call, one log of tokens, any number of viewers."""
