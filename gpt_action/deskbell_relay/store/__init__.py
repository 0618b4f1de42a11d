"""The database: tables, the engine that commits in groups, Alembic migrations."""
