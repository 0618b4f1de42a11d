"""Alembic migrations: the schema, step by step from the first day."""
