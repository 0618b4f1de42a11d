"""Where the refresh token rests: the desktop's keyring, or a private file when the person chose that."""
