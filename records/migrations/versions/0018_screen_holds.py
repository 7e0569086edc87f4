"""screen holds"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "operation_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("probes", sa.Boolean(), nullable=False),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("drained_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["failure_groups.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "uq_operation_holds_open",
        "operation_holds",
        ["system", "environment", "operation", "route"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_operation_holds_line",
        "operation_holds",
        ["since"],
        unique=False,
        postgresql_where=sa.text("drained_at IS NULL"),
    )
    op.create_index(op.f("ix_operation_holds_group_id"), "operation_holds", ["group_id"], unique=False)
    op.create_table(
        "screen_snapshots",
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("screen", sa.String(), nullable=False),
        sa.Column("bot_version", sa.String(), nullable=False),
        sa.Column("layout", JSONB(), nullable=False),
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"]),
        sa.PrimaryKeyConstraint("system", "environment", "screen", "bot_version"),
    )
    op.add_column("work_items", sa.Column("held_behind", sa.Uuid(), nullable=True))
    op.add_column(
        "work_items", sa.Column("through_hold", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.alter_column("work_items", "through_hold", server_default=None)
    op.create_foreign_key("fk_work_items_held_behind", "work_items", "operation_holds", ["held_behind"], ["id"])
    op.create_index(
        "ix_work_items_in_line",
        "work_items",
        ["held_behind", "created_at"],
        unique=False,
        postgresql_where=sa.text("held_behind IS NOT NULL"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_index("ix_work_items_in_line", table_name="work_items", postgresql_where=sa.text("held_behind IS NOT NULL"))
    op.drop_constraint("fk_work_items_held_behind", "work_items", type_="foreignkey")
    op.drop_column("work_items", "through_hold")
    op.drop_column("work_items", "held_behind")
    op.drop_table("screen_snapshots")
    op.drop_table("operation_holds")
