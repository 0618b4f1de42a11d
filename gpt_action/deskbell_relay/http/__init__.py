"""The HTTP face: the route table, the guard before each handler, problem responses, limits, headers."""
