"""sign in looks"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("system_health", sa.Column("signed", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("system_health", "signed", server_default=None)
    op.create_table(
        "sign_in_looks",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("system", "environment", "route", "account")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("system", "environment", "route"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_table("sign_in_looks")
    op.drop_column("system_health", "signed")
