"""parts, environments and routes of work items"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IDENTITY = "uq_work_items_identity"


def upgrade() -> None:
    """Go to this revision."""
    document = postgresql.JSONB(astext_type=sa.Text(), none_as_null=True)
    moment = sa.DateTime(timezone=True)
    for column in (
        sa.Column("environment", sa.String(), nullable=False, server_default="production"),
        sa.Column("parts_done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("doubts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("reentries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("wanted", document, nullable=True),
        sa.Column("seen", document, nullable=True),
        sa.Column("proposed", document, nullable=True),
        sa.Column("watched", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("approved", document, nullable=True),
        sa.Column("held_by", sa.Uuid(), nullable=True),
        sa.Column("held_until", moment, nullable=True),
    ):
        op.add_column("work_items", column)
    op.create_foreign_key("work_items_held_by_fkey", "work_items", "users", ["held_by"], ["id"])
    op.drop_constraint(IDENTITY, "work_items")
    op.create_unique_constraint(
        IDENTITY, "work_items", ["system", "environment", "operation", "target_key", "occurrence"]
    )
    for column in (
        sa.Column("route", sa.String(), nullable=False, server_default="bot"),
        sa.Column("pid_space", sa.String(), nullable=False, server_default=""),
        sa.Column("worker_started", sa.Float(), nullable=True),
        sa.Column("dead_since", moment, nullable=True),
        sa.Column("part", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("confirmation", sa.String(), nullable=True),
    ):
        op.add_column("attempts", column)
    op.create_index(
        "ix_work_items_in_doubt",
        "work_items",
        ["system", "environment", "target_key"],
        postgresql_where=sa.text("state IN ('submitting', 'unknown')"),
    )
    op.create_table(
        "item_parts",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("confirmation", sa.String(), nullable=True),
        sa.Column("result", document, nullable=True),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["work_items.id"]),
        sa.PrimaryKeyConstraint("item_id", "number"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_table("item_parts")
    op.drop_index("ix_work_items_in_doubt", "work_items")
    for name in ("confirmation", "part", "dead_since", "worker_started", "pid_space", "route"):
        op.drop_column("attempts", name)
    op.drop_constraint(IDENTITY, "work_items")
    op.create_unique_constraint(IDENTITY, "work_items", ["system", "operation", "target_key", "occurrence"])
    op.drop_constraint("work_items_held_by_fkey", "work_items")
    for name in (
        "held_until",
        "held_by",
        "approved",
        "watched",
        "proposed",
        "seen",
        "wanted",
        "reentries",
        "doubts",
        "parts_done",
        "environment",
    ):
        op.drop_column("work_items", name)
