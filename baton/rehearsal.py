"""A bot goes through its rows up to the click and no further; what it saw and typed becomes a page of frames."""

import base64
import time
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from pydantic import BaseModel, ConfigDict

from bots.kit.contract import Hands, Job, Route
from core.faults import Fault
from core.outcome import Answer, Difference

MOMENTS = {"looked": "What it found", "before_submit": "The filled form, just before the click", "trouble": "Trouble"}
SAYS = {
    Answer.ABSENT: "not there yet: it would be entered",
    Answer.BEFORE: "as it was: it would be entered",
    Answer.EQUAL: "there already: nothing would be entered",
    Answer.AFTER: "there already: nothing would be entered",
    Answer.DIFFERENT: "there with other values: a person would decide",
    Answer.OTHER: "changed by somebody: a person would decide",
    Answer.SEVERAL: "several records could be meant: a person would decide",
    Answer.CANNOT_TELL: "the screen cannot be read: a person would decide",
}
"""What the protocol makes of each answer, in words."""


class Picture(BaseModel):
    """One screenshot, as a page can show it."""

    model_config = ConfigDict(frozen=True)

    title: str
    data: str


class Rehearsed(BaseModel):
    """One row as it went: its steps with their seconds, what find saw, what was typed, or what stood against it."""

    model_config = ConfigDict(frozen=True)

    row: int
    key: str
    says: str = ""
    wanted: list[tuple[str, str]] = []
    differences: list[Difference] = []
    filled: dict[str, str] = {}
    steps: list[tuple[str, float]] = []
    pictures: list[Picture] = []
    code: str = ""
    problem: str = ""

    @property
    def well(self) -> bool:
        """Whether it came as far as the click, or found that none is needed."""
        return not self.code


class Trail:
    """Gathers what one row leaves."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, float]] = []
        self.pictures: list[Picture] = []
        self._began = time.monotonic()

    def step(self, name: str) -> None:
        """A step begins."""
        self.steps.append((name, round(time.monotonic() - self._began, 2)))

    async def picture(self, hands: Hands, taken: str) -> None:
        """Keep the screenshot of this moment."""
        for thing in await hands.capture(taken):
            if thing.kind == "screenshot":
                data = base64.b64encode(thing.data).decode("ascii")
                self.pictures.append(Picture(title=MOMENTS[taken], data=data))


async def rehearse(route: Route, account: str, row: int, job: Job, before: dict[str, str] | None = None) -> Rehearsed:
    """Find and fill, then leave. The click is not in this function, so no row can be entered by it."""
    trail = Trail()
    told = Rehearsed(row=row, key=job.operation.target(job.entry), wanted=_wanted(job))
    try:
        async with route.open(account, trail.step) as hands:
            try:
                told = await _filled(hands, job, before, told, trail)
            except Fault:
                await trail.picture(hands, "trouble")
                raise
    except Fault as fault:
        told = told.model_copy(update={"code": fault.code, "problem": fault.sentence()})
    return told.model_copy(update={"steps": trail.steps, "pictures": trail.pictures})


async def _filled(hands: Hands, job: Job, before: dict[str, str] | None, told: Rehearsed, trail: Trail) -> Rehearsed:
    seen = await hands.find(job)
    await trail.picture(hands, "looked")
    record = dict(seen.records[0]) if len(seen.records) == 1 else None
    answer = job.part.judge(seen, before or record)
    differences = job.part.differences(record) if record else []
    told = told.model_copy(update={"says": SAYS[answer], "differences": differences})
    if answer not in (Answer.ABSENT, Answer.BEFORE):
        return told
    await hands.enter(job)
    await trail.picture(hands, "before_submit")
    return told.model_copy(update={"filled": await hands.filled(job)})


def _wanted(job: Job) -> list[tuple[str, str]]:
    return [(field.label, job.part.image[field.name]) for field in job.part.fields if field.name in job.part.image]


def page(title: str, rows: list[Rehearsed], write: Callable[[str], object]) -> None:
    """The page of frames: one file that needs nothing else, and runs nothing."""
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    write(templates.get_template("rehearsal.html").render(title=title, rows=rows))
