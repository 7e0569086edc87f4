"""Bringing a database to this build's schema, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from records.database import sqlalchemy_url


def config(url: str) -> Config:
    """Alembic's configuration for this database; there is no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.attributes["url"] = sqlalchemy_url(url)
    return made


def upgrade(url: str) -> None:
    """Bring the database at `url` to this build's schema; nothing happens when it is there already."""
    command.upgrade(config(url), "head")


def head() -> str:
    """The revision of this build's schema."""
    return str(_script().get_current_head())


def knows(revision: str) -> bool:
    """Whether this build's schema came from that revision."""
    return revision in {one.revision for one in _script().walk_revisions()}


def pending(url: str) -> list[str]:
    """The revisions this database has not had yet, oldest first."""
    engine = create_engine(sqlalchemy_url(url), hide_parameters=True)
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    revisions = [revision.revision for revision in _script().iterate_revisions("head", current or "base")]
    return list(reversed(revisions))


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent / "migrations"))
