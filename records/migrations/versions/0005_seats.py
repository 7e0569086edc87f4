"""seats, windows, rates"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "paces",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    priority = sa.Enum("urgent", "normal", "bulk", name="priority", native_enum=False, length=40)
    op.add_column("work_items", sa.Column("priority", priority, nullable=False, server_default="normal"))


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_column("work_items", "priority")
    op.drop_table("paces")
