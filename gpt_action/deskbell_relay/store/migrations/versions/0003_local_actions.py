"""What a device declares of the actions that its person has set up."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("local_actions", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("devices", "local_actions")
