"""Playbooks as people read them: what each says in words, what came of the one that counts, and a customer's mail."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from console import failure_words, words
from console.event_words import CLOCKS
from console.item_acts import ROUTES
from core.settings import Settings
from fallbacks.playbooks import playbooks_of, policies_of
from handoff.messages import Message
from records import health, outage_deeds, outage_hits, playbooks
from records.case import Case
from records.dossier import find
from records.health import Outage
from records.notice import NoticeState
from records.outage_hits import CustomerHit
from systems.playbooks import ANY, ClockRule, Playbook, PlaybookRefused

WAYS = {**ROUTES, "deferred": "waits in line", "person": "to a person, to be keyed by hand"}
_GONE = (NoticeState.SENT, NoticeState.UNKNOWN)


@dataclass(frozen=True)
class Standing:
    """An outage that lasts, the playbook that counts for it, and what came of it so far."""

    outage: Outage
    title: str
    playbook: Playbook | None
    cases: int
    clocks: int
    told: int
    to_tell: int
    soon: int
    unreached: int

    @property
    def seen(self) -> str:
        """What a choice on this page was made over."""
        return playbooks.mark(self.outage)


@dataclass(frozen=True)
class Shown:
    """The mail to the customer of a real case, just as it would go; without one, why there is none."""

    case: Case | None
    message: Message | None
    said: str = ""


async def standing(session: AsyncSession, now: datetime) -> list[Standing]:
    """Every outage that lasts."""
    found = []
    for outage in await health.open_outages(session):
        mails = Counter(one.state for one in await outage_deeds.told_customers(session, outage))
        waits = await outage_hits.customers(session, outage, now)
        playbook = await playbooks.chosen(session, outage)
        found.append(
            Standing(
                outage=outage,
                title=outage_deeds.title(outage),
                playbook=playbook,
                cases=await outage_hits.count(session, outage),
                clocks=len(await outage_deeds.pauses(session, outage.id)),
                told=sum(mails[state] for state in _GONE),
                to_tell=mails[NoticeState.WAITING] + mails[NoticeState.SENDING],
                soon=_soon(playbook, waits),
                unreached=sum(not (one.by_mail and one.email) for one in waits),
            )
        )
    return found


def _soon(playbook: Playbook | None, waits: Sequence[CustomerHit]) -> int:
    """How many are written to once the outage has lasted long enough."""
    journeys = playbook.customers if playbook is not None else {}
    return sum(one.journey in journeys and one.by_mail and bool(one.email) for one in waits)


def trouble(settings: Settings) -> str:
    """What is wrong with the operator's file, in one sentence; "" when nothing is."""
    try:
        playbooks_of(settings.playbooks_file, policies_of(settings.policies_file))
    except PlaybookRefused as refused:
        return str(refused)
    return ""


def routes(playbook: Playbook) -> list[tuple[str, str]]:
    """Each operation that is named, and its way."""
    return [
        ("Everything else" if name == ANY and len(playbook.routes) > 1 else "Everything" if name == ANY
         else words.operation(playbook.system, name), WAYS.get(route, route))
        for name, route in sorted(playbook.routes.items(), key=lambda one: one[0] == ANY)
    ]  # fmt: skip


def clock(rule: ClockRule) -> str:
    """What a clock does."""
    whose = failure_words.journey(rule.journey) + (", entries by hand" if rule.of == "entry" else "")
    does = "stands" if rule.does == "pause" else f"runs by the policy “{rule.policy}” instead"
    return f"{CLOCKS.get(rule.clock, rule.clock)} of {whose.lower()} {does}"


def whom(to: str) -> str:
    """Who of the house hears of it."""
    kind, _, name = to.partition(":")
    if kind == "role":
        return {"it": "IT", "ops": "operations"}.get(name, f"{name}s")
    return f"who leads the {name} queue" if kind == "lead" else name


async def shown(
    session: AsyncSession, playbook: Playbook, journey: str, number: str, now: datetime, *, over: bool
) -> Shown:
    """What the customer of this case would read; without a number that of the newest open case of the journey."""
    case = await _case(session, journey, number)
    if case is None:
        said = f"There is no case {number} of this journey." if number else "There is no case of this journey yet."
        return Shown(None, None, said)
    customer = CustomerHit(
        case_id=case.id, number=case.number, journey=case.journey, order_no=case.order_no, name=case.customer_name,
        email="", by_mail=True,
    )  # fmt: skip
    lasts = [one for one in await health.open_outages(session) if one.system == playbook.system]
    outage = lasts[0] if lasts else _imagined(playbook, now)
    return Shown(case, outage_deeds.written(playbook.customers[journey], customer, outage, over=over))


async def _case(session: AsyncSession, journey: str, number: str) -> Case | None:
    if number:
        return next((case for case in await find(session, number) if case.journey == journey), None)
    newest = select(Case).where(Case.journey == journey).order_by(col(Case.closed_at).is_not(None))
    known = newest.where(or_(Case.customer_name != "", Case.order_no != ""))
    return (await session.exec(known.order_by(col(Case.opened_at).desc()).limit(1))).first()


def _imagined(playbook: Playbook, now: datetime) -> Outage:
    """An outage that begins now, for a look at a text while there is none."""
    return Outage(id=uuid.uuid4(), system=playbook.system, environment="production", route="bot", began_at=now,
                  detected_at=now)  # fmt: skip
