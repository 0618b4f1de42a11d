"""Clients that cost less than the servers they load: bare protocols on loopback sockets."""
