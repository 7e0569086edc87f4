"""What a system file declares: its operations with kind, key, entry and fields, and how patient one has to be."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from core.work_item import Kind
from systems.part import Field, Part
from systems.probe import FRONT_PAGE, Probe

PRODUCTION = "production"
"""The environment of real work; every other one a system declares is for trying things out."""

DEFERRED = "deferred"
"""The way of an entry that stands in line and keeps its place until its own way is free again."""
PERSON = "person"
"""The way by which a person keys it; what they keyed is looked for like a bot's entry."""


class Entry(BaseModel):
    """What is to be keyed into a system; subclasses are the operations' forms."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Operation:
    """One thing that can be done on a system.

    `target` gives the natural key of the record that an entry is about; `image` says how the record must look on the
    screen once the entry is in, field name to text. `parts` splits an entry that takes several commits. An operation
    that is not `searchable` cannot be looked for: any doubt about it goes to a person at once. `lag_seconds` is how
    long after its commit an entry may still be missing from what the system shows: doubt settles that much longer.
    """

    system: str
    name: str
    title: str
    kind: Kind
    entry: type[Entry]
    fields: tuple[Field, ...]
    target: Callable[[Any], str]
    image: Callable[[Any], dict[str, str]]
    parts: Callable[[Any], tuple[Part, ...]] | None = None
    searchable: bool = True
    lag_seconds: float = 0.0
    routes: tuple[str, ...] = ()
    """Tried in turn while its way is held: routes of its system, `DEFERRED`, `PERSON`; see `System.chain_of`."""

    def parts_of(self, entry: Entry) -> tuple[Part, ...]:
        """The commits that this entry takes, in their order; at least one."""
        if self.parts is not None:
            return self.parts(entry)
        return (Part("", self.title, self.kind, self.fields, self.image(entry)),)

    def preview(self, entry: Entry) -> list[tuple[str, str]]:
        """What will be keyed, as label and text in the order of the screen."""
        image = self.image(entry)
        return [(field.label, image[field.name]) for field in self.fields if field.name in image]


@dataclass(frozen=True)
class System:
    """A legacy system: what can be done on it, with how many seats, and how patient one has to be with it.

    `routes` are the ways to reach it, the usual one first; `accounts_by_route` names those that a route has of its own.
    `settle_seconds` is the longest time after a click in which the system may still commit; it is longer than the
    lease, so that a holder that lost its lease is surely past its click.
    """

    name: str
    title: str
    accounts: tuple[str, ...]
    operations: dict[str, Operation]
    settle_seconds: float
    watch_new_version: int = 0
    """So many first items of a bot version that was never seen before stop filled, until a person approves them."""
    hold_after: int = 3
    """So many failures of one cause, before the click and with no success between, hold their operation; 0: never."""
    open_after: int = 3
    """So many faults in a row that say that it does not answer, three to five, and its way counts as down."""
    probe: Probe = FRONT_PAGE
    """What is asked of it, without effect, to see whether it answers; `probe_by_route` where a route has another."""
    probe_by_route: Mapping[str, Probe] = field(default_factory=dict)
    routes: tuple[str, ...] = ("bot",)
    accounts_by_route: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    egress: tuple[str, ...] = ()
    """Other origins (https://login.example.org) that the system's pages may reach; everything else is blocked."""

    def __post_init__(self) -> None:
        """Raise ValueError for an operation with a way that this system does not have, or for an odd patience."""
        if not 3 <= self.open_after <= 5:
            raise ValueError(f"{self.name}: open_after is 3 to 5, not {self.open_after}")
        for operation in self.operations.values():
            unknown = sorted({*operation.routes} - {*self.routes, DEFERRED, PERSON})
            if unknown:
                raise ValueError(f"{self.name}.{operation.name}: there is no way called {', '.join(unknown)}")

    @property
    def route(self) -> str:
        """The usual way to reach it."""
        return self.routes[0]

    def chain_of(self, operation: str) -> tuple[str, ...]:
        """What is tried in turn for an entry whose way is held; usually all routes, then the line, then a person."""
        return self.operations[operation].routes or (*self.routes, DEFERRED, PERSON)

    def accounts_of(self, route: str) -> tuple[str, ...]:
        """Who may work there by that way: one seat each."""
        return self.accounts_by_route.get(route, self.accounts)

    def probe_of(self, route: str) -> Probe:
        """What is asked to see whether that way answers."""
        return self.probe_by_route.get(route, self.probe)

    def queue_of(self, environment: str = PRODUCTION) -> str:
        """The Temporal task queue of this system's bots, whichever way they take."""
        return f"bots-{self.name}" if environment == PRODUCTION else f"bots-{self.name}-{environment}"


def content_hash(content: dict[str, Any]) -> str:
    """A hash of an entry's content that does not depend on the order of its fields (SHA-256, hexadecimal)."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
