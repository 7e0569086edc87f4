"""problems"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.execute("CREATE SEQUENCE problem_numbers")
    op.create_table(
        "problems",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("closed_why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("opened_by", "key", name="uq_problems_once"),
    )
    op.create_index("ix_problems_open", "problems", ["opened_at"], postgresql_where=sa.text("closed_at IS NULL"))
    op.create_index("ix_problems_closed", "problems", ["closed_at"])
    op.create_table(
        "problem_cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("untied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("untied_by", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["problem_id"], ["problems.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_problem_cases_problem", "problem_cases", ["problem_id", "at"])
    op.create_index("ix_problem_cases_case", "problem_cases", ["case_id"])
    op.create_index(
        "uq_problem_cases_one",
        "problem_cases",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("untied_at IS NULL AND closed_at IS NULL"),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_table("problem_cases")
    op.drop_table("problems")
    op.execute("DROP SEQUENCE problem_numbers")
