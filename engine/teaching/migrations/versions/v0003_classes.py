"""Classes: rooms that a teacher opens, seats that students take, and what they answer."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "room",
        sa.Column("code", sa.String(8), primary_key=True),
        sa.Column("teacher", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("talk", sa.Text, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("revealed", sa.Boolean, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
    )
    op.create_table(
        "seat",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("room", sa.String(8), _room(), nullable=False, index=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.UniqueConstraint("room", "number"),
    )
    op.create_table(
        "answer",
        sa.Column("room", sa.String(8), _room(), primary_key=True),
        sa.Column("seat", sa.String(64), primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("p", sa.Float, nullable=False),
    )


def _room() -> sa.ForeignKey:
    return sa.ForeignKey("room.code", ondelete="CASCADE")


def downgrade() -> None:
    """Take the tables away."""
    for name in ("answer", "seat", "room"):
        op.drop_table(name)
