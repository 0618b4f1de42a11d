"""The second door on loopback, by which the browser extension on this laptop is paired."""
