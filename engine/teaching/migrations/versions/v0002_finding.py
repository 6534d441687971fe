"""Attempts remember the finding that they were about, so that errors can be told by finding."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Add the column; of older attempts the finding is not known."""
    op.add_column("attempt", sa.Column("about", sa.String(64), nullable=True))


def downgrade() -> None:
    """Take the column away."""
    with op.batch_alter_table("attempt") as table:
        table.drop_column("about")
