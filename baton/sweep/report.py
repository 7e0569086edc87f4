"""What a sweep found: one entry for each run, the sums that people read, and the file that lets it go on later."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from baton.sweep.plan import Blow, Run


class OtherSweep(Exception):
    """The file holds a sweep with another seed, or no sweep at all; the message says so."""


class Played(BaseModel):
    """One run as it ended.

    `fell`: the blow found its victim. `doubted`: the item was *unknown* for a while. `lost`, `duplicated` and `wrong`
    say what is wrong; they are empty when nothing is.
    """

    model_config = ConfigDict(frozen=True)

    run: int
    system: str
    route: str
    operation: str
    point: str = ""
    victim: str = ""
    action: str = ""
    nth: int = 1
    fell: bool = False
    item: str = ""
    reference: str = ""
    key: str = ""
    state: str = ""
    code: str = ""
    adopted: bool = False
    doubted: bool = False
    attempts: int = 0
    seconds: float = 0.0
    lost: str = ""
    duplicated: str = ""
    wrong: str = ""

    @property
    def to_person(self) -> bool:
        """A person has to look."""
        return self.state in ("with_person", "refused", "broken")

    @property
    def missed(self) -> bool:
        """A blow was meant for it, and found nobody."""
        return bool(self.point) and not self.fell

    @property
    def waiting(self) -> bool:
        """Something moves still, without a person."""
        return self.state in ("ready", "running", "submitting", "unknown", "deferred")

    @property
    def resolved(self) -> bool:
        """It was unknown, and a look told."""
        return self.doubted and self.state == "done"

    @property
    def trouble(self) -> str:
        """What is wrong, in words."""
        return "; ".join(
            f"{name}: {what}"
            for name, what in (("lost", self.lost), ("twice", self.duplicated), ("wrong", self.wrong))
            if what
        )

    @property
    def words(self) -> str:
        """The run on one line."""
        blow = Blow(self.point, self.victim, self.action, self.nth).words if self.point else "in peace"
        missed = " (nobody there to strike)" if self.missed else ""
        end = f"{self.state}{', adopted' if self.adopted else ''}{f' ({self.code})' if self.code else ''}"
        return f"{self.system}/{self.operation} by {self.route}, {blow}{missed} -> {end or 'no item'}"


def beginning(run: Run) -> dict[str, Any]:
    """What is known of a run before it is played."""
    target, blow = run.target, run.blow
    known = {"run": run.number, "system": target.system, "route": target.route, "operation": target.operation}
    if blow is None:
        return known
    return {**known, "point": blow.point, "victim": blow.victim, "action": blow.action, "nth": blow.nth}


class Sums(BaseModel):
    """How often what happened."""

    runs: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong_record: int = 0
    unknown_resolved_by_probe: int = 0
    to_person: int = 0
    waiting: int = 0
    missed: int = 0

    def add(self, one: Played) -> None:
        """Count a run."""
        self.runs += 1
        self.lost += bool(one.lost)
        self.duplicated += bool(one.duplicated)
        self.wrong_record += bool(one.wrong)
        self.unknown_resolved_by_probe += one.resolved
        self.to_person += one.to_person
        self.waiting += one.waiting
        self.missed += one.missed


class Report(BaseModel):
    """The whole sweep; `strangers` are ledger rows with a reference of ours that nobody asked for."""

    seed: int
    wanted: int
    played: dict[int, Played] = Field(default_factory=dict)
    strangers: list[str] = Field(default_factory=list)
    seconds: float = 0.0

    def is_played(self, number: int) -> bool:
        """Whether that run need not be played again: its blow fell and it came to rest, or something is wrong with it.

        What was still moving when a sweep was stopped never comes to rest: the systems that it moved in are gone.
        """
        one = self.played.get(number)
        return one is not None and (not (one.missed or one.waiting) or bool(one.trouble))

    @property
    def sums(self) -> Sums:
        """Over all runs."""
        sums = _sums(self.played.values())
        sums.wrong_record += len(self.strangers)
        return sums

    @property
    def well(self) -> bool:
        """Nothing lost, nothing twice, no wrong record."""
        sums = self.sums
        return not (sums.lost or sums.duplicated or sums.wrong_record)

    def by_point(self) -> dict[str, dict[str, dict[str, int]]]:
        """The sums for each point and each way to strike there."""
        cells: dict[str, dict[str, list[Played]]] = {}
        for one in self.played.values():
            action = f"{one.action} {one.victim}" if one.point else "nothing"
            cells.setdefault(one.point or "in_peace", {}).setdefault(action, []).append(one)
        return {
            point: {action: _sums(ones).model_dump() for action, ones in sorted(actions.items())}
            for point, actions in sorted(cells.items())
        }

    def write(self, path: Path) -> None:
        """Keep it, whole or not at all."""
        runs = [self.played[number].model_dump() for number in sorted(self.played)]
        told = {
            **self.sums.model_dump(),
            "seed": self.seed,
            "wanted": self.wanted,
            "seconds": round(self.seconds, 1),
            "strangers": self.strangers,
            "by_point": self.by_point(),
            "played": runs,
        }
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)


def begun(path: Path | None, seed: int, wanted: int) -> Report:
    """The report to go on with: that of the file when there is one. OtherSweep when it is of another seed."""
    if path is None or not path.exists():
        return Report(seed=seed, wanted=wanted)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        played = {one["run"]: Played.model_validate(one) for one in told["played"]}
        known = int(told["seed"])
    except (ValueError, KeyError, TypeError) as error:
        raise OtherSweep(f"{path} is no report of a sweep: move it away, or name another file.") from error
    if known != seed:
        raise OtherSweep(f"{path} holds a sweep with seed {known}: name that seed to go on with it, or another file.")
    return Report(
        seed=seed, wanted=wanted, played=played, strangers=told["strangers"], seconds=float(told.get("seconds", 0))
    )


def seed_of(path: Path | None) -> int | None:
    """The seed of the sweep that the file holds; None when there is none."""
    if path is None or not path.exists():
        return None
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["seed"])
    except (ValueError, KeyError, TypeError):
        return None


def _sums(played: Iterable[Played]) -> Sums:
    sums = Sums()
    for one in played:
        sums.add(one)
    return sums
