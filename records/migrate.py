"""Bringing a database to this build's schema, with Alembic, so that two builds can work on it side by side.

A migration comes in up to two halves. The one *before* only adds: it runs before the new build starts, and the old
build goes on working on the schema that it leaves. The one *after* removes what only the old build needed: it runs once
asked for, when no old build is left. They are two chains of revisions; one of *after* is called `…_after`, so that a
build that does not know it can tell as well what was done.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from records.database import sqlalchemy_url

FOLDER = Path(__file__).parent / "migrations"
AFTER = "_after"
"""How the revision of a migration ends that removes."""
PATIENCE = "10s"
"""How long a migration waits for a table that is in use: whoever comes behind it waits as well, readers too."""
BEFORE_PAIRS = 31
"""Migrations up to this one are older than the halves, and may do anything."""


class MigrationError(Exception):
    """The database cannot be brought to this build's schema; the message says why and what to do."""


def config(url: str, **attributes: Any) -> Config:
    """Alembic's configuration for this database; there is no alembic.ini. `attributes`: what `env.py` asks for."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    made.attributes.update({"patience": PATIENCE, **attributes, "url": sqlalchemy_url(url)})
    return made


def upgrade(url: str, *, after: bool = False, waiting: Callable[[], None] | None = None) -> None:
    """Run what the database has not had; the removing half only when asked for, or when the database is empty.

    `waiting` is called when another process migrates it just now: this one goes on when that has ended. Raises
    MigrationError.
    """
    known = applied(url)
    if unknown := [revision for revision in known if revision.endswith(AFTER) and not knows(revision)]:
        raise MigrationError(
            f"A newer build has removed from this database what this build needs ({unknown[0]}): "
            "start the newer one, or restore the backup that was made before."
        )
    if known and not all(knows(revision) for revision in known):
        return  # a newer build has added to it, which this one need not know
    try:
        for revision in [head(), *([last_after()] if after or not known else [])]:
            if revision:
                command.upgrade(config(url, waiting=waiting), revision)
    except OperationalError as fault:
        if not isinstance(fault.orig, LockNotAvailable):
            raise
        raise MigrationError(
            "A table was in use for longer than a migration waits, so that nobody stands behind it: what was not done "
            "yet was left. Run it again; if it stays so, see pg_stat_activity for what holds the table."
        ) from None


def head() -> str:
    """The revision of this build's schema, without what is removed after."""
    return _chain(after=False)[-1]


def last_after() -> str:
    """The newest removing revision; nothing when there is none."""
    return (_chain(after=True) or [""])[-1]


def knows(revision: str) -> bool:
    """Whether this build's schema came from that revision."""
    return revision in _chain(after=revision.endswith(AFTER))


def applied(url: str) -> tuple[str, ...]:
    """The newest revisions that a database has had, one of each chain; nothing for an empty one."""
    engine = create_engine(sqlalchemy_url(url), hide_parameters=True)
    try:
        with engine.connect() as connection:
            return tuple(MigrationContext.configure(connection).get_current_heads())
    finally:
        engine.dispose()


def pending(url: str) -> list[str]:
    """The revisions this database has not had yet and this build needs, oldest first."""
    return missing(applied(url), after=False)


def pending_after(url: str) -> list[str]:
    """The removing revisions that wait until no older build runs, oldest first."""
    return missing(applied(url), after=True)


def newer(url: str) -> list[str]:
    """What a newer build has done to this database."""
    return [revision for revision in applied(url) if not knows(revision)]


def missing(known: tuple[str, ...], *, after: bool) -> list[str]:
    """Of one chain what comes after those newest revisions, oldest first."""
    chain = _chain(after=after)
    done = [revision for revision in known if revision.endswith(AFTER) is after]
    if not done:
        return chain
    return chain[chain.index(done[0]) + 1 :] if done[0] in chain else []


def _chain(*, after: bool) -> list[str]:
    """The revisions of one chain, oldest first."""
    named = [one.revision for one in _script().walk_revisions() if one.revision.endswith(AFTER) is after]
    return list(reversed(named))


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(FOLDER))
