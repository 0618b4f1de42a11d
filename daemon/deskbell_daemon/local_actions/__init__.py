"""Local actions: what the person has set up in config.toml for assistants to run, and how it is run."""
