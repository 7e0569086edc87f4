"""failure pages"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "failure_visits",
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email"),
    )
    op.create_table(
        "activity_retries",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("activity_id", sa.String(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("task_queue", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "activity_id"),
    )
    op.create_index("ix_activity_retries_last_at", "activity_retries", ["last_at"])
    op.create_index("ix_failure_acts_at", "failure_acts", ["at"])
    op.create_index("ix_failure_hours", "failure_hours", ["hour"], postgresql_include=["group_id", "n"])
    op.create_index("ix_failure_counts_journey", "failure_counts", ["journey"])
    op.create_index("ix_failure_counts_tier", "failure_counts", ["tier"])
    op.create_index(
        "ix_failures_kind",
        "failures",
        ["group_id", "journey", "tier", "standing", "held", "place", "id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column("failure_groups", sa.Column("points", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("failure_groups", "points", server_default=None)
    op.add_column("failure_groups", sa.Column("first_due", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_failures_look",
        "failures",
        ["group_id", "next_look_at"],
        postgresql_where=sa.text("ended_at IS NULL AND next_look_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_column("failure_groups", "first_due")
    op.drop_column("failure_groups", "points")
    op.drop_index("ix_failures_kind", "failures")
    op.drop_index("ix_failure_counts_tier", "failure_counts")
    op.drop_index("ix_failure_counts_journey", "failure_counts")
    op.drop_index("ix_failures_look", "failures")
    op.drop_index("ix_failure_hours", "failure_hours")
    op.drop_index("ix_failure_acts_at", "failure_acts")
    op.drop_table("activity_retries")
    op.drop_table("failure_visits")
