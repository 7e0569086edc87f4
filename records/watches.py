"""Watches: the first entries of a new bot, or after a change of a system, stop filled until a person approves them."""

import uuid
from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import canary
from records.base import maybe_moment, moment
from records.items import ItemView
from records.work_item import Attempt
from systems.base import PRODUCTION


class Watch(SQLModel, table=True):
    """A watch on the first items of a system that a bot takes up from `since` on.

    `operation` is empty for every one. `taken` of `first_items` were stopped so far; then it is over by itself. One for
    a version of a bot that nobody had seen before names its `route` and `bot_version`. `change_id`: it was asked
    for with this change of the system.
    """

    __tablename__ = "watches"
    __table_args__ = (
        Index(
            "uq_watches_version",
            "system",
            "environment",
            "route",
            "bot_version",
            unique=True,
            postgresql_where=text("bot_version <> ''"),
        ),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    system: str
    environment: str = PRODUCTION
    operation: str = ""
    route: str = ""
    bot_version: str = ""
    first_items: int
    taken: int = 0
    why: str
    added_by: str
    since: datetime = moment()
    ended_at: datetime | None = maybe_moment()
    change_id: uuid.UUID | None = Field(default=None, foreign_key="system_changes.id")

    @property
    def over(self) -> bool:
        """Whether it stops nothing any more."""
        return self.ended_at is not None or self.taken >= self.first_items


_NEW_VERSION = text(
    """
    INSERT INTO watches
        (id, system, environment, operation, route, bot_version, first_items, taken, why, added_by, since)
    SELECT gen_random_uuid(), CAST(:system AS text), CAST(:environment AS text), '', CAST(:route AS text),
           CAST(:version AS text), :first, 0,
           'a version of the bot that was never seen before', 'baton', :now
     WHERE NOT EXISTS (
        SELECT 1 FROM attempts JOIN work_items AS item ON item.id = attempts.item_id
         WHERE item.system = CAST(:system AS text) AND item.environment = CAST(:environment AS text)
           AND attempts.route = CAST(:route AS text) AND attempts.bot_version = CAST(:version AS text)
           AND attempts.purpose = 'enter' AND attempts.id <> :attempt)
    ON CONFLICT (system, environment, route, bot_version) WHERE bot_version <> '' DO NOTHING
    """
)
_TAKE = text(
    """
    UPDATE watches SET taken = taken + 1
     WHERE system = :system AND environment = :environment AND operation IN ('', :operation)
       AND route IN ('', :route) AND bot_version IN ('', :version) AND ended_at IS NULL
       AND since <= :now AND taken < first_items
    RETURNING id
    """
)
_WATCHED = text("UPDATE work_items SET watched = true WHERE id = :item")


async def take(session: AsyncSession, item: ItemView, attempt: Attempt, new_version: int, now: datetime) -> bool:
    """Whether the item that `attempt` has just claimed is watched; once it is, it stays so.

    `new_version`: how many items of a bot version that nobody has seen yet are watched.
    """
    if item.watched:
        return True
    asked = {
        "system": item.system,
        "environment": item.environment,
        "operation": item.operation,
        "route": attempt.route,
        "version": attempt.bot_version,
    }
    connection = await session.connection()
    if new_version and attempt.bot_version:
        made = {name: value for name, value in asked.items() if name != "operation"}
        await connection.execute(_NEW_VERSION, {**made, "first": new_version, "attempt": attempt.id, "now": now})
    taken = list((await connection.execute(_TAKE, {**asked, "now": now})).scalars())
    if not taken:
        return False
    await canary.took(session, taken, item.id)
    await connection.execute(_WATCHED, {"item": item.id})
    return True


async def all_of(session: AsyncSession) -> list[Watch]:
    """Every watch, newest first."""
    return list(await session.exec(select(Watch).order_by(col(Watch.since).desc(), col(Watch.id))))


async def of_change(session: AsyncSession, change_id: uuid.UUID) -> list[Watch]:
    """The watches that were asked for with a change of the system, oldest first."""
    found = select(Watch).where(Watch.change_id == change_id).order_by(col(Watch.since), col(Watch.id))
    return list(await session.exec(found))


async def end(session: AsyncSession, beginning: str, now: datetime) -> Watch | None:
    """End the one open watch whose id begins so; None when none does, or several do. What stopped stays stopped."""
    found = [watch for watch in await all_of(session) if str(watch.id).startswith(beginning) and not watch.over]
    if len(found) != 1:
        return None
    found[0].ended_at = now
    return found[0]
