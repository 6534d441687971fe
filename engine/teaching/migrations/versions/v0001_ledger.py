"""The first ledger: learners, consultations, estimates and attempts."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "learner",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("nickname", sa.String(40), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("learner", sa.String(64), _learner(), nullable=False, index=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "estimate",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("learner", sa.String(64), _learner(), nullable=False, index=True),
        sa.Column("visit", sa.String(64), nullable=False, index=True),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("stated", sa.Float, nullable=False),
        sa.Column("exact", sa.Float, nullable=False),
        sa.Column("present", sa.Boolean, nullable=True),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("learner", sa.String(64), _learner(), nullable=False, index=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("credit", sa.Float, nullable=False),
        sa.Column("error_db", sa.Float, nullable=True),
    )


def _learner() -> sa.ForeignKey:
    return sa.ForeignKey("learner.id", ondelete="CASCADE")


def downgrade() -> None:
    """Take the tables away."""
    for name in ("attempt", "estimate", "visit", "learner"):
        op.drop_table(name)
