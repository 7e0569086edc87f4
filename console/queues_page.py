"""What a supervisor may change about queues and people, as forms that check it, and the page's words for it."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from handoff import skill_rules
from records.queues import Member, Mode, Queue

NAME = re.compile(r"^[a-z][a-z0-9-]{1,38}$")
"""What a queue may be called: it stands in addresses, policies and events."""


def _words(value: Any) -> Any:
    return skill_rules.words(value) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


class QueueAsked(BaseModel):
    """How a queue is to be."""

    model_config = ConfigDict(frozen=True)

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60)]
    mode: Mode = Mode.PULL
    accept_minutes: Annotated[
        int,
        Field(ge=1, le=1440, title="Minutes to pick up", description="Where no policy says when a push goes on."),
    ] = 15
    skill_rules: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=2000),
        Field(title="Skills by which cases go", description="One a line, as in “cause = damage: claims”."),
    ] = ""
    leads: Annotated[
        Words, Field(description="E-mail addresses, with commas; they hear when it goes wrong. Empty: supervisors.")
    ] = ()

    @field_validator("skill_rules")
    @classmethod
    def _rules(cls, text: str) -> str:
        skill_rules.read(text)
        return text

    def columns(self) -> dict[str, Any]:
        """As it is kept."""
        rules = [rule.model_dump() for rule in skill_rules.read(self.skill_rules)]
        return {**self.model_dump(exclude={"skill_rules", "leads"}), "skill_rules": rules, "leads": list(self.leads)}


class AgentAsked(BaseModel):
    """How somebody is to work."""

    model_config = ConfigDict(frozen=True)

    queues: Annotated[Words, Field(description="Names of queues, with commas.")] = ()
    skills: Annotated[Words, Field(description="With commas, as in heating, claims.")] = ()
    capacity: Annotated[int, Field(ge=1, le=100, description="Cases at a time; what waits for others does not count.")]

    def columns(self) -> dict[str, Any]:
        """As it is kept."""
        return {"queues": list(self.queues), "skills": list(self.skills), "capacity": self.capacity}


def typed_queue(queue: Queue) -> dict[str, str]:
    """A queue as its form shows it."""
    return {
        "title": queue.title,
        "mode": queue.mode.value,
        "accept_minutes": str(queue.accept_minutes),
        "skill_rules": "\n".join(rule.line() for rule in queue.rules()),
        "leads": ", ".join(queue.leads),
    }


def typed_agent(member: Member) -> dict[str, str]:
    """How somebody works, as the form shows it."""
    agent = member.agent
    return {
        "queues": ", ".join(agent.queues),
        "skills": ", ".join(agent.skills),
        "capacity": str(agent.capacity),
    }


def unknown_words(wanted: tuple[str, ...], known: set[str], what: str) -> str:
    """A sentence that names what is not known; empty when everything is."""
    strange = [word for word in wanted if word not in known]
    return f"There is no {what} {' or '.join(strange)}. Known: {', '.join(sorted(known))}." if strange else ""


def since(member: Member, now: datetime) -> datetime | None:
    """Since when they are there, or away."""
    return member.agent.away_since if member.agent.away(now) else member.agent.available_since
