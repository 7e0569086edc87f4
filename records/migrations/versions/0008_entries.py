"""files of plain entry"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    moment = sa.DateTime(timezone=True)
    document = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "entry_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("uploaded_at", moment, nullable=False),
        sa.Column("guess", document, nullable=False),
        sa.Column("columns", document, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "checked",
                "started",
                "paused",
                "withdrawn",
                "handed_out",
                name="filestate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("state_at", moment, nullable=False),
        sa.Column("state_by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("started_at", moment, nullable=True),
        sa.Column("started_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_entry_files_uploaded_at", "entry_files", ["uploaded_at"])
    op.create_table(
        "entry_rows",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", document, nullable=False),
        sa.Column("content", document, nullable=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("problems", document, nullable=True),
        sa.Column("repeats", sa.Integer(), nullable=True),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["entry_files.id"]),
        sa.PrimaryKeyConstraint("file_id", "number"),
        sa.UniqueConstraint("item_id"),
    )
    op.create_index("ix_entry_rows_content", "entry_rows", ["content_hash"])


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_table("entry_rows")
    op.drop_table("entry_files")
