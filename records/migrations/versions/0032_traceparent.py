"""traceparent"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("outbox", sa.Column("traceparent", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_column("outbox", "traceparent")
