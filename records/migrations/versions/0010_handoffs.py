"""handoffs with clocks, questions and a fence of their own; signals through the outbox"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WORDS = (
    ("kind", "service"),
    ("offered_by", ""),
    ("channel", ""),
    ("persona", ""),
    ("priority", "normal"),
    ("policy", ""),
    ("policy_version", ""),
    ("paused", ""),
    ("wait_for", ""),
    ("wait_about", ""),
    ("returned_reason", ""),
    ("run_id", ""),
)
MOMENTS = ("assigned_at", "first_response_at", "wait_until")


def upgrade() -> None:
    """Go to this revision."""
    for name, default in WORDS:
        op.add_column("handoffs", sa.Column(name, sa.String(), nullable=False, server_default=default))
    for name in MOMENTS:
        op.add_column("handoffs", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("handoffs", sa.Column("assigned_to", sa.String(), nullable=True))
    op.add_column("handoffs", sa.Column("run_ordinal", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("handoffs", sa.Column("seq", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_handoffs_holder", "handoffs", ["picked_up_by"], postgresql_where=sa.text("ended_at IS NULL"))
    _clocks()
    _questions()
    op.create_table(
        "desk_presence",
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("typing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoffs.id"]),
        sa.PrimaryKeyConstraint("handoff_id", "email"),
    )
    op.add_column("outbox", sa.Column("signal", sa.String(), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("key", sa.String(), nullable=False, server_default=""))
    op.drop_index("uq_outbox_workflow", "outbox")
    op.create_index("uq_outbox_workflow", "outbox", ["workflow_id", "run", "signal", "key"], unique=True)


def _clocks() -> None:
    op.create_table(
        "handoff_clocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("risk_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("clock", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoffs.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("handoff_id", "name", name="uq_handoff_clocks_name"),
    )
    op.create_index("ix_handoff_clocks_handoff_id", "handoff_clocks", ["handoff_id"])
    op.create_index("ix_handoff_clocks_case_id", "handoff_clocks", ["case_id"])
    op.create_index("ix_handoff_clocks_breached_at", "handoff_clocks", ["breached_at"])
    op.create_index("ix_handoff_clocks_due", "handoff_clocks", ["due_at"], postgresql_where=sa.text("ended_at IS NULL"))


def _questions() -> None:
    states = sa.Enum("open", "answered", "expired", "withdrawn", name="questionstate", native_enum=False, length=40)
    op.create_table(
        "handoff_questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("to_kind", sa.String(), nullable=False),
        sa.Column("to_address", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", states, nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_by", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pauses", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoffs.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_handoff_questions_handoff_id", "handoff_questions", ["handoff_id"])
    op.create_index("ix_handoff_questions_case_id", "handoff_questions", ["case_id"])
    op.create_index(
        "ix_handoff_questions_token",
        "handoff_questions",
        ["token_hash"],
        unique=True,
        postgresql_where=sa.text("token_hash <> ''"),
    )


def downgrade() -> None:
    """Go back to the one before; signals that were not delivered yet are lost, for the table cannot hold them."""
    op.execute("DELETE FROM outbox WHERE signal <> ''")
    op.drop_index("uq_outbox_workflow", "outbox")
    op.create_index("uq_outbox_workflow", "outbox", ["workflow_id", "run"], unique=True)
    op.drop_column("outbox", "key")
    op.drop_column("outbox", "signal")
    op.drop_table("desk_presence")
    op.drop_table("handoff_questions")
    op.drop_table("handoff_clocks")
    op.drop_index("ix_handoffs_holder", "handoffs")
    for name in ("seq", "run_ordinal", "assigned_to", *MOMENTS, *(name for name, _ in WORDS)):
        op.drop_column("handoffs", name)
