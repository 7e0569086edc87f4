"""Who can agree to a bulk action at this moment."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from records import told_preference
from records.access import Action, may
from records.people import Role, User
from records.queues import Agent


async def available(session: AsyncSession, asked_by: str, now: datetime) -> list[str]:
    """Names of those who may approve, besides who asked: neither away nor off shift."""
    roles = [role for role in Role if may(role, Action.APPROVE_BULK)]
    asked = select(User).where(col(User.disabled_at).is_(None), col(User.role).in_(roles), User.email != asked_by)
    users = list(await session.exec(asked.order_by(User.name)))
    known = await session.exec(select(Agent).where(col(Agent.user_id).in_([user.id for user in users])))
    away = {agent.user_id for agent in known if agent.away(now)}
    shifts = await told_preference.of(session, {user.email for user in users}, now)
    return [one.name for one in users if one.id not in away and shifts[one.email].on_shift(now) <= now]
