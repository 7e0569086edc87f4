"""classes, retention, reveals of evidence"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision. What was kept before is personal: nobody masked it."""
    op.add_column("evidence", sa.Column("data_class", sa.String(), nullable=False, server_default="personal"))
    op.add_column("evidence", sa.Column("masked", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("evidence", sa.Column("of", sa.Uuid(), nullable=True))
    op.add_column("evidence", sa.Column("dropped", sa.String(), nullable=False, server_default=""))
    op.add_column("evidence", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    for column in ("data_class", "masked", "dropped"):
        op.alter_column("evidence", column, server_default=None)
    op.create_index("ix_evidence_of", "evidence", ["of"])
    op.create_index(
        "ix_evidence_kept", "evidence", ["data_class", "at"], postgresql_where=sa.text("removed_at IS NULL")
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_index("ix_evidence_kept", table_name="evidence")
    op.drop_index("ix_evidence_of", table_name="evidence")
    for column in ("removed_at", "dropped", "of", "masked", "data_class"):
        op.drop_column("evidence", column)
