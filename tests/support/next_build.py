"""The build after this one, as far as the database goes: the same migrations, and one more in two halves."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from records import migrate

_MIGRATION = '''"""{title}"""

from alembic import op

revision: str = "{revision}"
down_revision: str | None = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in {statements!r}:
        op.execute(statement)


def downgrade() -> None:
    pass
'''
ADDS = ("ALTER TABLE cases ADD COLUMN shade varchar", "CREATE TABLE shades (name varchar PRIMARY KEY)")
REMOVES = ("ALTER TABLE agents DROP COLUMN away_until",)


@dataclass(frozen=True)
class NextBuild:
    """Its migrations' folder, and the folder of today's."""

    folder: Path
    today: Path
    adds: str
    removes: str

    @classmethod
    def at(cls, folder: Path, adds: tuple[str, ...] = ADDS) -> "NextBuild":
        """Write it down."""
        shutil.copytree(migrate.FOLDER, folder)
        last = migrate.head()
        number = f"{int(last) + 1:04}"
        made = cls(folder, migrate.FOLDER, number, f"{number}{migrate.AFTER}")
        made._write(made.adds, last, adds)
        made._write(made.removes, migrate.last_after() or None, REMOVES)
        return made

    def _write(self, revision: str, down: str | None, statements: tuple[str, ...]) -> None:
        text = _MIGRATION.format(title=revision, revision=revision, down=down, statements=statements)
        (self.folder / "versions" / f"{revision}_next.py").write_text(text, encoding="utf-8")


@pytest.fixture
def next_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NextBuild:
    """The next build is the one that runs here."""
    made = NextBuild.at(tmp_path / "next")
    monkeypatch.setattr(migrate, "FOLDER", made.folder)
    return made
