"""Which playbooks there are and were, and which one counts for an outage."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from records.health import Outage
from records.playbook import PlaybookVersion
from systems.playbooks import Playbook, PlaybookRefused

BY_ITSELF = "baton"
"""Who chose a playbook that is its system's default."""


async def keep(session: AsyncSession, found: Sequence[Playbook], source: str, now: datetime) -> None:
    """Take these for what can be chosen from now on; every version is kept with when it was first seen.

    Raises PlaybookRefused, with nothing changed, when a version that is known says something else today.
    """
    await (await session.connection()).execute(update(PlaybookVersion).values(current=False, is_default=False))
    known = {(row.name, row.version): row for row in await history(session)}  # read after it: what is set below shows
    for one in found:
        row = known.get((one.name, one.version))
        if row is not None and _content(playbook_of(row)) != _content(one):
            raise PlaybookRefused(
                f"[playbooks.{one.name}] version {one.version} was first seen on {row.seen_at:%d %b %Y, %H:%M} UTC and "
                "says something else today: give what was changed another version"
            )
    for one in found:
        row = known.get((one.name, one.version)) or _row(one, source, now)
        row.current, row.is_default = True, one.default
        session.add(row)
    await session.flush()


async def current(session: AsyncSession, system: str = "") -> list[PlaybookVersion]:
    """What can be chosen, for all systems or one; the default of each first."""
    asked = select(PlaybookVersion).where(col(PlaybookVersion.current)).order_by(PlaybookVersion.system)
    asked = asked.order_by(col(PlaybookVersion.is_default).desc(), PlaybookVersion.name)
    return list(await session.exec(asked.where(PlaybookVersion.system == system) if system else asked))


async def history(session: AsyncSession) -> list[PlaybookVersion]:
    """Every version that was ever seen, the latest first."""
    newest = col(PlaybookVersion.seen_at).desc(), PlaybookVersion.name
    asked = select(PlaybookVersion).order_by(*newest).execution_options(populate_existing=True)
    return list(await session.exec(asked))


async def chosen(session: AsyncSession, outage: Outage) -> Playbook | None:
    """The playbook that counts for this outage: what was chosen, else its system's default; None for none."""
    if outage.playbook is not None:
        return Playbook.model_validate(outage.playbook)
    if outage.playbook_by:
        return None  # somebody chose to have none
    default = next((row for row in await current(session, outage.system) if row.is_default), None)
    return playbook_of(default) if default is not None else None


def choose(outage: Outage, playbook: Playbook | None, by: str, now: datetime) -> None:
    """Let this one count from now on, or none."""
    outage.playbook = playbook.model_dump(mode="json") if playbook is not None else None
    outage.playbook_by, outage.playbook_at = by, now


def mark(outage: Outage) -> str:
    """What tells one choice from the next: a page that was loaded before it bears another."""
    at = outage.playbook_at.isoformat() if outage.playbook_at is not None else ""
    return f"{outage.playbook_by} {at}".strip()


def playbook_of(row: PlaybookVersion) -> Playbook:
    """The playbook of a version as it was seen."""
    return Playbook.model_validate({**row.content, "default": row.is_default})


def _row(one: Playbook, source: str, now: datetime) -> PlaybookVersion:
    return PlaybookVersion(
        name=one.name,
        version=one.version,
        system=one.system,
        written_by=one.by,
        source=source,
        content=_content(one),
        seen_at=now,
    )


def _content(one: Playbook) -> dict[str, object]:
    return one.model_dump(mode="json", exclude={"default"})
