"""held line"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    moment = sa.DateTime(timezone=True)
    op.add_column("operation_holds", sa.Column("next_at", moment, nullable=True))
    op.add_column("operation_holds", sa.Column("counted_from", moment, nullable=True))
    op.add_column("work_items", sa.Column("place", moment, nullable=True))
    op.add_column("work_items", sa.Column("let_go_from", sa.Uuid(), nullable=True))
    op.add_column("work_items", sa.Column("let_go_at", moment, nullable=True))
    op.create_foreign_key("fk_work_items_let_go_from", "work_items", "operation_holds", ["let_go_from"], ["id"])
    op.create_index(
        "ix_work_items_record",
        "work_items",
        ["system", "environment", "target_key"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_work_items_let_go",
        "work_items",
        ["let_go_from"],
        unique=False,
        postgresql_where=sa.text("let_go_from IS NOT NULL"),
    )
    op.execute(
        """
        UPDATE work_items SET place = coalesce(files.started_at, work_items.created_at)
                                      + rows.number * interval '1 microsecond'
          FROM entry_rows AS rows JOIN entry_files AS files ON files.id = rows.file_id
         WHERE rows.item_id = work_items.id AND work_items.ended_at IS NULL
        """
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_index("ix_work_items_let_go", table_name="work_items")
    op.drop_index("ix_work_items_record", table_name="work_items")
    op.drop_constraint("fk_work_items_let_go_from", "work_items", type_="foreignkey")
    op.drop_column("work_items", "let_go_at")
    op.drop_column("work_items", "let_go_from")
    op.drop_column("work_items", "place")
    op.drop_column("operation_holds", "counted_from")
    op.drop_column("operation_holds", "next_at")
