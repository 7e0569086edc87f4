"""gone processes"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    kinds = ("case", "file", "bulk", "look_up", "item", "handoff")
    ways = ("terminated", "cancelled", "failed", "timed_out", "ended", "reset", "vanished")
    op.create_table(
        "gone_processes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("kind", sa.Enum(*kinds, name="processkind", native_enum=False, length=40), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("what", sa.Enum(*ways, name="became", native_enum=False, length=40), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recovered_by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_gone_processes_case_id"), "gone_processes", ["case_id"])
    op.create_index(op.f("ix_gone_processes_workflow_id"), "gone_processes", ["workflow_id"])
    op.create_index(
        "uq_gone_processes_open",
        "gone_processes",
        ["workflow_id"],
        unique=True,
        postgresql_where=sa.text("over_at IS NULL"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_table("gone_processes")
