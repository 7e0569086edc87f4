"""playbooks"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "playbook_versions",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("version", sa.String(), primary_key=True),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "outage_pauses",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("outage_id", sa.Uuid(), sa.ForeignKey("outages.id"), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), sa.ForeignKey("handoffs.id"), nullable=False),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("word", postgresql.JSONB(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
    )
    op.create_index(
        "uq_outage_pauses_open",
        "outage_pauses",
        ["outage_id", "handoff_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_outage_pauses_handoff", "outage_pauses", ["handoff_id"])
    op.create_index(
        "ix_notices_outage",
        "notices",
        ["created_at"],
        postgresql_where=sa.text("occurrence LIKE 'outage/%'"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_index("ix_notices_outage", "notices")
    op.drop_table("outage_pauses")
    op.drop_table("playbook_versions")
