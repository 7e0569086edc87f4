"""Leases: who may use an account or touch a record on a system, by database time, with a fence that only grows."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import BigInteger, text
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import moment


class Lease(SQLModel, table=True):
    """One leased thing; `key` is account/<system>/<environment>/<account> or target/... with the record's key."""

    __tablename__ = "leases"

    key: str = Field(primary_key=True)
    holder: str
    fence: int = Field(default=1, sa_type=BigInteger)
    until: datetime = moment()


_ACQUIRE = text(
    """
    INSERT INTO leases (key, holder, fence, until)
    VALUES (:key, :holder, 1, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (key) DO UPDATE
       SET holder = excluded.holder, fence = leases.fence + 1, until = excluded.until
     WHERE leases.until <= clock_timestamp() OR leases.holder = excluded.holder
    RETURNING fence
    """
)
_RENEW = text(
    """
    UPDATE leases SET until = clock_timestamp() + make_interval(secs => :seconds)
     WHERE key = :key AND holder = :holder AND until > clock_timestamp()
    RETURNING fence
    """
)
_RELEASE = text("UPDATE leases SET until = clock_timestamp() WHERE key = :key AND holder = :holder")


async def acquire(session: AsyncSession, key: str, holder: str, seconds: float) -> int | None:
    """Take the lease; its fence, or None when somebody else holds it."""
    values = {"key": key, "holder": holder, "seconds": seconds}
    return (await (await session.connection()).execute(_ACQUIRE, values)).scalar_one_or_none()


async def renew(session: AsyncSession, key: str, holder: str, seconds: float) -> bool:
    """Keep the lease for longer; False when it ran out or went to somebody else."""
    values = {"key": key, "holder": holder, "seconds": seconds}
    return (await (await session.connection()).execute(_RENEW, values)).scalar_one_or_none() is not None


async def release(session: AsyncSession, key: str, holder: str) -> None:
    """Give the lease back; nothing happens when it is no longer ours."""
    await (await session.connection()).execute(_RELEASE, {"key": key, "holder": holder})


async def free_dead(session: AsyncSession, place: str, lives: Callable[[int, float], bool]) -> int:
    """Free the leases of dead processes of this very place, so that a restarted worker need not wait them out.

    `place` is host, boot and process space: a process elsewhere cannot be seen from here, whatever its host is called.
    """
    found = await session.exec(select(Lease).where(col(Lease.holder).startswith(f"{place}/", autoescape=True)))
    freed = 0
    for held in found:
        pid, _, started = held.holder.removeprefix(f"{place}/").split("/")[0].partition("@")
        if started not in ("", "None") and not lives(int(pid), float(started)):
            await release(session, held.key, held.holder)
            freed += 1
    return freed
