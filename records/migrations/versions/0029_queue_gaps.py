"""queue gaps"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    for name in ("into_first_seen", "into_last_seen"):
        op.add_column("failure_merges", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Go back to the one before."""
    for name in ("into_last_seen", "into_first_seen"):
        op.drop_column("failure_merges", name)
