"""What is to be done in which order for each cause, with what differs from place to place: data under version."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

FILE = Path(__file__).with_name("protocols.v1.toml")


class Part(BaseModel):
    """Base of what the file holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(Part):
    """One thing to do; `id` is what a tick is kept under, so it stays when the words change."""

    id: str
    text: str


class Protocol(Part):
    """The steps for one cause."""

    cause: str
    title: str
    steps: tuple[Step, ...]


class Variant(Part):
    """Further steps where the postcode begins with one of these."""

    title: str
    cause: str
    postcodes: tuple[str, ...]
    steps: tuple[Step, ...]


class Protocols(Part):
    """The whole file."""

    version: str
    protocols: tuple[Protocol, ...]
    variants: tuple[Variant, ...] = ()


@cache
def shipped() -> Protocols:
    """What ships with Baton."""
    return Protocols.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))


def protocol(cause: str, postcode: str) -> Protocol | None:
    """The steps for this cause at this place, the local ones last; None where there is nothing to follow."""
    found = next((one for one in shipped().protocols if one.cause == cause), None)
    if found is None:
        return None
    local = [one for one in shipped().variants if one.cause == cause and postcode.startswith(one.postcodes)]
    title = ", ".join((found.title, *(one.title for one in local)))
    return Protocol(cause=cause, title=title, steps=(*found.steps, *(step for one in local for step in one.steps)))
