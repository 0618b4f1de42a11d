"""Clients that register themselves, and the assertions by which clients with a key prove who they are."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clients", sa.Column("origin", sa.String(length=16), server_default="operator", nullable=False))
    op.create_table(
        "used_assertions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_used_assertions")),
    )
    op.create_index(op.f("ix_used_assertions_expires_at"), "used_assertions", ["expires_at"], unique=False)
    op.create_index("ix_grants_client_id", "grants", ["client_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_grants_client_id", table_name="grants")
    op.drop_index(op.f("ix_used_assertions_expires_at"), table_name="used_assertions")
    op.drop_table("used_assertions")
    op.drop_column("clients", "origin")
