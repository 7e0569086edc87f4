"""Which way an entry takes while its own is held: pure; nothing but this rule and a person changes a route."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from systems.base import DEFERRED, PERSON

VERSION = "1"
"""Of these rules; kept with each choice."""


class Rule(StrEnum):
    """Why it is this way and no other."""

    BARRED = "barred"
    APPROVED = "approved"
    PLAYBOOK = "playbook"
    NEXT_WAY = "next_way"
    IN_LINE = "in_line"
    NO_WAITING = "no_waiting"


class Held(BaseModel):
    """An entry that met a hold: the way it is on, the chain of its operation, and the other ways that are free now.

    `may_be_in`: something of it is in, or may be, by a way it took before. `approved`: a person approved the form as
    its way fills it. `playbook` is the way that the playbook of the outage names, if it names one.
    """

    model_config = ConfigDict(frozen=True)

    route: str
    chain: tuple[str, ...]
    free: tuple[str, ...] = ()
    may_be_in: bool = False
    approved: bool = False
    playbook: str = ""


class Choice(BaseModel):
    """The way it takes, and by which rule; `DEFERRED` keeps it on its own way, in line."""

    model_config = ConfigDict(frozen=True)

    to: str
    rule: Rule


def choose(held: Held) -> Choice:
    """The way for this entry. A doubt bars every other one: two ways to one screen are how an entry is made twice."""
    if held.may_be_in:
        return Choice(to=DEFERRED, rule=Rule.BARRED)
    if held.approved:
        return Choice(to=DEFERRED, rule=Rule.APPROVED)
    if held.playbook in (DEFERRED, PERSON, *held.free):
        return Choice(to=held.playbook, rule=Rule.PLAYBOOK)
    for way in held.chain:
        if way == DEFERRED:
            return Choice(to=DEFERRED, rule=Rule.IN_LINE)
        if way == PERSON:
            break
        if way in held.free:
            return Choice(to=way, rule=Rule.NEXT_WAY)
    return Choice(to=PERSON, rule=Rule.NO_WAITING)
