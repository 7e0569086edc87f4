"""How drills read: what each mode does, how one stands, and what its report says, line by line."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from console import words
from console.forms import FieldError, Input, inputs
from console.words import Look
from records.drill import DETECTED_AFTER, DETECTED_WITHIN, Drill, DrillState, Report
from systems.drills import OPERATIONS, Mode

NO_STAGE = "Drills are played where the demo systems are, on a stage of their own; this installation has none."
ELSEWHERE = "On a machine for trying things out, say `baton drill`."
MODES = {
    Mode.DOWN: "Down: every connection is refused",
    Mode.SLOW: "Slow: a page takes 30 to 120 seconds",
    Mode.FLAP: "Flapping: every second connection is cut",
    Mode.LIE: "Lying: it answers, and what it says is false",
}
_STANDS = {
    DrillState.ASKED: Look("Asked for", "", "circle-dashed"),
    DrillState.RUNNING: Look("Running", "note", "player-play"),
    DrillState.FAILED: Look("Not played to its end", "warn", "ban"),
}
_WELL, _NOT_WELL = Look("Passed", "good", "circle-check"), Look("Not passed", "bad", "alert-octagon")
_GOOD, _BAD = Look("as it should be", "good", "check"), Look("not as it should be", "bad", "x")


def stands(drill: Drill, report: Report | None) -> Look:
    """How a drill stands, or whether it was passed."""
    if report is None:
        return _STANDS.get(drill.state, _STANDS[DrillState.FAILED])
    return _WELL if report.well else _NOT_WELL


def fields(model: type[BaseModel], values: Mapping[str, str] | None, errors: Iterable[FieldError]) -> list[Input]:
    """The form's fields, the choices with their words."""
    choices = {
        "system": tuple((name, words.system(name)) for name in OPERATIONS),
        "mode": tuple((mode.value, told) for mode, told in MODES.items()),
    }
    return [_chosen(field, choices.get(field.name, ())) for field in inputs(model, values, errors)]


def verdicts(report: Report) -> list[tuple[str, str, Look]]:
    """What a drill is judged by: the question, the answer, and whether that is well."""
    seconds = report.detection_seconds
    noticed = f"after {seconds:g} s and {_counted(report.failures_before_detection, 'failed try', 'failed tries')}"
    return [
        ("Lost", str(report.lost), _well(not report.lost)),
        ("Entered twice", str(report.duplicated), _well(not report.duplicated)),
        ("Entered wrongly", str(report.wrong_record), _well(not report.wrong_record)),
        ("Order of each record", "kept" if report.order_kept else "not kept", _well(report.order_kept)),
        ("Probes that write", str(report.write_probes), _well(not report.write_probes)),
        ("Noticed", noticed if seconds is not None else "never", _well(report.in_time)),
    ]


def told(report: Report) -> list[tuple[str, str]]:
    """What else it showed."""
    said = [
        ("Entries", f"{report.items} for {report.keys} records"),
        ("First one that gave way", _seconds(report.fallback_seconds)),
        ("Stood in line", f"{report.held}, of which {report.drained} were entered by themselves afterwards"),
        ("Tried while it was away", str(report.tries_while_away)),
        ("Went away", _counted(report.outages, "time", "times")),
        ("Halted by itself", _counted(report.halts, "time", "times") if report.halts else ""),
        ("Open again", f"{_seconds(report.back_seconds)} after the trouble was over"),
        ("Everything at rest", f"{_seconds(report.drained_seconds)} after the trouble was over"),
        ("In", f"{report.entered}, of which {report.adopted} were found to be in already"),
        ("Doubts that a look ended", str(report.unknown_resolved)),
        ("Came to a person", f"{report.sent_on}{_codes(report)}, who had each looked for and entered if need be"),
        ("With a person still", str(report.to_person)),
        ("Still waiting", str(report.waiting)),
        ("Promises", f"{report.promises_kept} kept, {report.promises_missed} missed"),
        ("It all took", _seconds(report.seconds)),
    ]
    return [line for line in said if line[1]]


def limits() -> str:
    """When an outage counts as noticed in time."""
    return f"within {DETECTED_WITHIN:g} seconds, or after {DETECTED_AFTER} failed tries"


def _chosen(field: Input, options: tuple[tuple[str, str], ...]) -> Input:
    if not options:
        return field
    more: dict[str, Any] = {"kind": "choice", "options": options, "help": "", "attributes": ()}
    return Input(**{**vars(field), **more})


def _well(good: bool) -> Look:
    return _GOOD if good else _BAD


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "not seen"
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _codes(report: Report) -> str:
    said = ", ".join(f"{words.humanised(code).lower()} {count}" for code, count in sorted(report.person_codes.items()))
    return f" ({said})" if said else ""
