"""queues"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "queues",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("mode", sa.Enum("pull", "push", name="mode", native_enum=False, length=40), nullable=False),
        sa.Column("accept_minutes", sa.Integer(), nullable=False),
        sa.Column("skill_rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("leads", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "agents",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("queues", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("skills", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("available_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away_reason", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_index(
        "ix_handoffs_open",
        "handoffs",
        ["queue", "offered_at"],
        postgresql_include=["state", "picked_up_by", "assigned_to", "wait_for"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_cases_loop",
        "cases",
        ["customer_no", "opened_at"],
        postgresql_where=sa.text("customer_no <> ''"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_index("ix_cases_loop", table_name="cases")
    op.drop_index("ix_handoffs_open", table_name="handoffs")
    op.drop_table("agents")
    op.drop_table("queues")
