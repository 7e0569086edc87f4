"""system changes"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "system_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("screen", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("noted_by", sa.String(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("edited_by", sa.String(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("noted_by", "key", name="uq_system_changes_once"),
    )
    op.create_index("ix_system_changes_at", "system_changes", ["at", "id"])
    op.create_table(
        "item_marks",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["system_changes.id"]),
        sa.ForeignKeyConstraint(["item_id"], ["work_items.id"]),
        sa.PrimaryKeyConstraint("change_id", "item_id"),
    )
    op.create_index("ix_item_marks_item_id", "item_marks", ["item_id"])
    op.create_table(
        "item_samples",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("drawn_by", sa.String(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["system_changes.id"]),
        sa.ForeignKeyConstraint(["item_id"], ["work_items.id"]),
        sa.PrimaryKeyConstraint("change_id", "item_id"),
    )
    op.create_index("ix_item_samples_item_id", "item_samples", ["item_id"])
    op.create_table(
        "bot_versions",
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("system", "environment", "route", "version"),
    )
    op.create_table(
        "bot_serves",
        sa.Column("process_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["process_id"], ["bot_processes.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("process_id", "system", "environment", "route"),
    )
    op.create_table(
        "failure_notices",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("round", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["failure_groups.id"]),
        sa.PrimaryKeyConstraint("group_id", "what", "round"),
    )
    op.add_column("watches", sa.Column("change_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_watches_change", "watches", "system_changes", ["change_id"], ["id"])
    op.create_index(
        "ix_work_items_done",
        "work_items",
        ["system", "environment", "ended_at", "id"],
        postgresql_where=sa.text("state = 'done'"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_index("ix_work_items_done", "work_items")
    op.drop_constraint("fk_watches_change", "watches")
    op.drop_column("watches", "change_id")
    op.drop_table("failure_notices")
    op.drop_table("bot_serves")
    op.drop_table("bot_versions")
    op.drop_table("item_samples")
    op.drop_table("item_marks")
    op.drop_table("system_changes")
