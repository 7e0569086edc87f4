"""The agent's workbench around the decision: who else looks, what is asked and answered, the clocks, what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from console import clock_view, moments, problem_page, timeline, words
from console.clock_view import ClockView
from handoff import limits, macros, protocols
from handoff.macros import Macro
from handoff.packet import Packet
from handoff.states import HandoffState
from records import presence, queues, waiting_acts, workbench
from records.access import Action, Person
from records.desk import AtDesk
from records.handoff import HandoffQuestion, QuestionState
from records.in_passing import in_passing
from records.people import Role
from records.presence import Looker
from records.trail import Event
from records.waiting_act import WaitingAct
from records.workbench import OnBench

ASK_UNTIL = ("4h", "tomorrow", "3d")
ASIDE_UNTIL = ("1h", "tomorrow")


@dataclass(frozen=True)
class Step:
    """A step of the protocol, and who has done it when; `by` is empty while nobody has."""

    id: str
    text: str
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Prepared:
    """A decision that somebody prepared for whoever may make it."""

    by: str
    at: datetime
    text: str
    values: dict[str, str]


@dataclass(frozen=True)
class Bench:
    """Everything beside packet and decision; `asked` are open questions, `told` those that have ended."""

    others: list[Looker]
    asked: list[HandoffQuestion]
    told: list[HandoffQuestion]
    clocks: list[ClockView]
    entries: list[timeline.Entry]
    names: dict[str, str]
    macros: list[Macro]
    protocol: str
    steps: list[Step]
    prepared: Prepared | None
    colleagues: list[tuple[str, str]]
    queues: list[tuple[str, str]]
    deciders: list[tuple[str, str]]
    addresses: list[str]
    ask_until: list[tuple[str, str]]
    aside_until: list[tuple[str, str]]
    alike: problem_page.Alike
    waiting: Sequence[WaitingAct]

    def name(self, email: str | None) -> str:
        """A person's name."""
        return self.names.get(email or "", email or "")


async def gather(session: AsyncSession, found: AtDesk, person: Person, now: datetime) -> Bench:
    """Read it for this person, who is noted as looking at it while it is open."""
    handoff = found.handoff
    if person.may(Action.PICK_UP) and not handoff.ended_at:
        async with in_passing(session):
            await presence.beat(session, handoff.id, person.email, now, typing=False)
    bench = await workbench.read(session, handoff)
    people = [one for one in await queues.members(session, now) if one.email != person.email]
    places = await queues.queues(session, now)
    leads = await queues.leads(session, handoff.queue)
    title, steps = _protocol(found.packet, bench, found)
    return Bench(
        others=await presence.others(session, handoff.id, person.email, now),
        asked=[one for one in bench.questions if one.state is QuestionState.OPEN],
        told=[one for one in bench.questions if one.state is not QuestionState.OPEN],
        clocks=clock_view.views(bench.clocks, bench.events, bench.names, now),
        entries=[one for one in timeline.entries(bench.events, bench.names) if not one.detail],
        names=bench.names,
        macros=macros.macros(found.case.journey, found.packet.cause, known(found.packet)),
        protocol=title,
        steps=steps,
        prepared=_prepared(bench, found),
        colleagues=[(one.email, one.name) for one in people],
        queues=[(name, queue.title) for name, queue in places.items() if name != handoff.queue],
        deciders=_deciders(people, leads),
        addresses=await workbench.addresses(session),
        ask_until=moments.options(ASK_UNTIL),
        aside_until=moments.options(ASIDE_UNTIL),
        alike=await problem_page.on_case(session, found, person, now),
        waiting=await waiting_acts.of_case(session, found.case.id),
    )


def known(packet: Packet) -> dict[str, str]:
    """What a macro's text may name; only what is known."""
    order = {name: words.reading(value) for name, value in packet.order.items() if value not in ("", None, [])}
    customer = {"name": packet.customer.name, "phone": packet.customer.phone}
    return {**order, **{name: text for name, text in customer.items() if text}}


def _protocol(packet: Packet, bench: OnBench, found: AtDesk) -> tuple[str, list[Step]]:
    rules = protocols.protocol(packet.cause, str(packet.order.get("postcode", "")))
    if rules is None:
        return "", []
    done = {
        event.data.get("values", {}).get("step"): event for event in bench.of("handoff.noted", found.handoff.id, "step")
    }
    return rules.title, [_step(one.id, one.text, done.get(one.id), bench.names) for one in rules.steps]


def _step(name: str, text: str, event: Event | None, names: Mapping[str, str]) -> Step:
    return Step(name, text) if event is None else Step(name, text, names.get(event.actor, event.actor), event.at)


def _prepared(bench: OnBench, found: AtDesk) -> Prepared | None:
    """The newest prepared decision; one that its own author has again is theirs to type anew."""
    notes = bench.of("handoff.noted", found.handoff.id, "prepared")
    if not notes or found.handoff.state not in (HandoffState.OFFERED, HandoffState.PICKED_UP):
        return None
    event = notes[-1]
    values: dict[str, Any] = event.data.get("values", {})
    return Prepared(
        by=bench.names.get(event.actor, event.actor),
        at=event.at,
        text=str(event.data.get("text", "")),
        values={name: str(value) for name, value in values.items()},
    )


def _deciders(people: Sequence[queues.Member], leads: Sequence[str]) -> list[tuple[str, str]]:
    """Who may decide about more than an agent; whoever leads the queue first."""
    least = limits.of(Role.AGENT.value)
    may = [one for one in people if limits.of(one.role.value) > least]
    return [(one.email, one.name) for one in sorted(may, key=lambda one: (one.email not in leads, one.name))]
