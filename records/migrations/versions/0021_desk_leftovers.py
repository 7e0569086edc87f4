"""desk leftovers"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

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


def downgrade() -> None:
    """Go back to the one before."""
    for name in ("bulk_id", "withdrawn_why", "withdrawn_by", "withdrawn_at"):
        op.drop_column("intake_files", name)
