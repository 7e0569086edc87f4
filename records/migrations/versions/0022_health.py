"""health"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATES = ("up", "down", "trying", "isolated")
STAGES = ("standing", "canary", "draining", "over")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go to this revision."""
    _health()
    _samples()
    _outages()
    op.alter_column("operation_holds", "group_id", nullable=True)
    op.add_column("operation_holds", sa.Column("outage_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("operation_holds_outage_id_fkey", "operation_holds", "outages", ["outage_id"], ["id"])
    op.create_index(op.f("ix_operation_holds_outage_id"), "operation_holds", ["outage_id"])
    op.create_check_constraint("ck_operation_holds_cause", "operation_holds", "num_nonnulls(group_id, outage_id) = 1")


def _way() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in ("system", "environment", "route")]


def _health() -> None:
    op.create_table(
        "system_health",
        *_way(),
        sa.Column("state", sa.Enum(*STATES, name="waystate", native_enum=False, length=40), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("worked", sa.Integer(), nullable=False),
        sa.Column("failing_seconds", sa.Float(), nullable=False),
        sa.Column("first_failure_at", MOMENT, nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.Column("ok_at", MOMENT, nullable=True),
        sa.Column("successes", sa.Integer(), nullable=False),
        sa.Column("opened", postgresql.ARRAY(MOMENT), nullable=False),
        sa.Column("next_probe_at", MOMENT, nullable=True),
        sa.Column("probe_every", sa.Float(), nullable=False),
        sa.Column("isolated_by", sa.String(), nullable=False),
        sa.Column("isolated_why", sa.String(), nullable=False),
        sa.Column("isolated_until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("system", "environment", "route"),
    )


def _samples() -> None:
    op.create_table(
        "health_samples",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_way(),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_health_samples_way", "health_samples", ["system", "environment", "route", "at"])
    op.create_index(op.f("ix_health_samples_at"), "health_samples", ["at"])
    op.create_table(
        "health_spans",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_way(),
        sa.Column("state", sa.Enum(*STATES, name="waystate", native_enum=False, length=40), nullable=False),
        sa.Column("began", MOMENT, nullable=False),
        sa.Column("ended", MOMENT, nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_health_spans_way", "health_spans", ["system", "environment", "route", "began"])
    op.create_index(
        "uq_health_spans_open",
        "health_spans",
        ["system", "environment", "route"],
        unique=True,
        postgresql_where=sa.text("ended IS NULL"),
    )


def _outages() -> None:
    op.create_table(
        "outages",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_way(),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("detected_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("isolated", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("playbook", postgresql.JSONB(), nullable=True),
        sa.Column("playbook_by", sa.String(), nullable=False),
        sa.Column("playbook_at", MOMENT, nullable=True),
        sa.Column("drain_per_minute", sa.Float(), nullable=True),
        sa.Column("halted_why", sa.String(), nullable=False),
        sa.Column("stage", sa.Enum(*STAGES, name="outagestage", native_enum=False, length=40), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_outages_began", "outages", ["began_at"])
    op.create_index(op.f("ix_outages_hold_id"), "outages", ["hold_id"])
    op.create_index(
        "uq_outages_open",
        "outages",
        ["system", "environment", "route"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.execute(
        "UPDATE work_items SET held_behind = NULL, through_hold = false"
        " WHERE held_behind IN (SELECT id FROM operation_holds WHERE outage_id IS NOT NULL)"
    )
    op.execute("DELETE FROM operation_holds WHERE outage_id IS NOT NULL")
    op.drop_constraint("ck_operation_holds_cause", "operation_holds")
    op.drop_index(op.f("ix_operation_holds_outage_id"), "operation_holds")
    op.drop_constraint("operation_holds_outage_id_fkey", "operation_holds")
    op.drop_column("operation_holds", "outage_id")
    op.alter_column("operation_holds", "group_id", nullable=False)
    for table in ("outages", "health_spans", "health_samples", "system_health"):
        op.drop_table(table)
