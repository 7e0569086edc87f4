"""Accounts that may not sign in: one refused sign-in holds an account for every process, until a person clears it."""

import uuid
from datetime import datetime

from sqlalchemy import Index, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records.base import maybe_moment, moment
from records.work_item import Attempt, WorkItem


class AccountHold(SQLModel, table=True):
    """One hold: why (`code`), since when, by which try; who cleared it, when and why.

    Accounts that sign in with the same `credential` are held together: an API's key is refused for all of them.
    """

    __tablename__ = "account_holds"
    __table_args__ = (
        Index(
            "uq_account_holds_open",
            "system",
            "environment",
            "credential",
            unique=True,
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    system: str
    environment: str
    account: str
    credential: str
    code: str
    since: datetime = moment()
    attempt_id: uuid.UUID | None = Field(default=None, foreign_key="attempts.id")
    cleared_at: datetime | None = maybe_moment()
    cleared_by: str = ""
    cleared_why: str = ""

    @property
    def who(self) -> str:
        """The account as people write it: orderdesk/production/bot01."""
        return f"{self.system}/{self.environment}/{self.account}"


async def place(session: AsyncSession, hold: AccountHold) -> bool:
    """Hold the account; False when it is held already, which then stays as it is."""
    statement = insert(AccountHold).values(hold.model_dump()).on_conflict_do_nothing().returning(col(AccountHold.id))
    return (await (await session.connection()).execute(statement)).scalar_one_or_none() is not None


async def attempt_of(session: AsyncSession, system: str, environment: str, account: str) -> uuid.UUID | None:
    """The try that works with that account now; None when no try does (an order that is read for a case)."""
    found = await session.exec(
        select(Attempt.id)
        .join(WorkItem, col(WorkItem.id) == col(Attempt.item_id))
        .where(
            WorkItem.system == system,
            WorkItem.environment == environment,
            Attempt.account == account,
            col(Attempt.ended_at).is_(None),
        )
        .order_by(col(Attempt.started_at).desc())
        .limit(1)
    )
    return found.first()


async def held(session: AsyncSession, system: str, environment: str) -> frozenset[str]:
    """The credentials that nobody signs in with now."""
    found = await session.exec(
        select(AccountHold.credential).where(
            AccountHold.system == system,
            AccountHold.environment == environment,
            col(AccountHold.cleared_at).is_(None),
        )
    )
    return frozenset(found)


async def open_holds(session: AsyncSession) -> list[AccountHold]:
    """Every hold that nobody has cleared, the longest first."""
    found = select(AccountHold).where(col(AccountHold.cleared_at).is_(None)).order_by(col(AccountHold.since))
    return list(await session.exec(found))


async def clear(session: AsyncSession, credential: str, by: str, why: str, now: datetime) -> int:
    """Clear the holds of a credential; how many there were."""
    statement = (
        update(AccountHold)
        .where(col(AccountHold.credential) == credential, col(AccountHold.cleared_at).is_(None))
        .values(cleared_at=now, cleared_by=by, cleared_why=why)
    )
    return (await (await session.connection()).execute(statement)).rowcount
