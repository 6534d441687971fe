"""Students may choose among answers, too: an answer is a probability or a choice."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    """Add the choice; with one there is no probability."""
    with op.batch_alter_table("answer") as table:
        table.add_column(sa.Column("choice", sa.Integer, nullable=True))
        table.alter_column("p", existing_type=sa.Float, nullable=True)


def downgrade() -> None:
    """Take choices away."""
    op.execute("DELETE FROM answer WHERE p IS NULL")
    with op.batch_alter_table("answer") as table:
        table.alter_column("p", existing_type=sa.Float, nullable=False)
        table.drop_column("choice")
