"""under watch, entries held by people"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "watches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("bot_version", sa.String(), nullable=False),
        sa.Column("first_items", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "uq_watches_version",
        "watches",
        ["system", "environment", "route", "bot_version"],
        unique=True,
        postgresql_where=sa.text("bot_version <> ''"),
    )
    op.add_column("work_items", sa.Column("filled", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_column("work_items", "filled")
    op.drop_index("uq_watches_version", table_name="watches")
    op.drop_table("watches")
