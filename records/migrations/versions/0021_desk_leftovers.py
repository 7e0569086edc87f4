"""desk leftovers"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("intake_files", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("intake_files", sa.Column("withdrawn_by", sa.String(), nullable=True))
    op.add_column("intake_files", sa.Column("withdrawn_why", sa.String(), nullable=False, server_default=""))
    op.alter_column("intake_files", "withdrawn_why", server_default=None)
    op.add_column("intake_files", sa.Column("bulk_id", sa.Uuid(), nullable=True))
    op.add_column("received_mails", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_received_mails_kept", "received_mails", ["received_at"], postgresql_where=sa.text("removed_at IS NULL")
    )
    op.create_index("ix_told_created", "told", ["created_at"])
    op.create_index(
        "ix_handoffs_given",
        "handoffs",
        ["assigned_to"],
        postgresql_where=sa.text("ended_at IS NULL AND assigned_to IS NOT NULL"),
    )
    op.drop_index("ix_handoffs_open", "handoffs")
    op.create_index(
        "ix_handoffs_open",
        "handoffs",
        ["queue", "offered_at"],
        postgresql_include=["state", "picked_up_by", "assigned_to", "wait_for", "id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index("ix_handoffs_holder", "handoffs")
    op.create_index(
        "ix_handoffs_holder",
        "handoffs",
        ["picked_up_by", "picked_up_at", "id"],
        postgresql_include=["queue", "case_id", "wait_for"],
        postgresql_where=sa.text("ended_at IS NULL AND picked_up_by IS NOT NULL"),
    )
    op.create_index(
        "ix_handoff_clocks_running",
        "handoff_clocks",
        ["handoff_id"],
        postgresql_include=["due_at", "risk_at", "breached_at"],
        postgresql_where=sa.text("ended_at IS NULL AND due_at IS NOT NULL"),
    )
    op.create_index("ix_cases_waits", "cases", ["stage", "wait_since"], postgresql_where=sa.text("closed_at IS NULL"))
    states = ("asked", "waiting", "answered", "unknown_there", "refused", "given_up")
    op.create_table(
        "look_ups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Enum(*states, name="lookupstate", native_enum=False, length=40), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoffs.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_look_ups_handoff", "look_ups", ["handoff_id", "asked_at"])


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_index("ix_cases_waits", "cases")
    op.drop_index("ix_handoff_clocks_running", "handoff_clocks")
    op.drop_index("ix_handoffs_holder", "handoffs")
    op.create_index("ix_handoffs_holder", "handoffs", ["picked_up_by"], postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_handoffs_open", "handoffs")
    op.create_index(
        "ix_handoffs_open",
        "handoffs",
        ["queue", "offered_at"],
        postgresql_include=["state", "picked_up_by", "assigned_to", "wait_for"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("look_ups")
    for name in ("bulk_id", "withdrawn_why", "withdrawn_by", "withdrawn_at"):
        op.drop_column("intake_files", name)
    op.drop_index("ix_handoffs_given", "handoffs")
    op.drop_index("ix_told_created", "told")
    op.drop_index("ix_received_mails_kept", "received_mails")
    op.drop_column("received_mails", "removed_at")
