"""queued acts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("outbox", sa.Column("update", sa.String(), nullable=False, server_default=""))
    op.alter_column("outbox", "update", server_default=None)
    op.create_table(
        "waiting_acts",
        sa.Column("place", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("outbox_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=True),
        sa.Column("said", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"]),
        sa.PrimaryKeyConstraint("place"),
        sa.UniqueConstraint("outbox_id"),
    )
    op.create_index(
        "ix_waiting_acts_open", "waiting_acts", ["workflow_id", "place"], postgresql_where=sa.text("settled_at IS NULL")
    )
    op.create_index("ix_waiting_acts_case", "waiting_acts", ["case_id"], postgresql_where=sa.text("settled_at IS NULL"))
    op.add_column("notices", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("notices", "tries", server_default=None)
    op.add_column("notices", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_column("notices", "held_at")
    op.drop_column("notices", "tries")
    op.drop_table("waiting_acts")
    op.drop_column("outbox", "update")
