"""Desktop notifications: what runs with notice is told, what waits is asked; never the only way to either."""
