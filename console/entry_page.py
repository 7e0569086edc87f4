"""A file of plain entry as its page shows it: what stands where, what to do next, and what became of its rows."""

from dataclasses import dataclass
from datetime import datetime

from console import words
from console.words import Look
from records.entry_file import EntryFile, FileState
from records.entry_files import Counts, Fate
from systems.base import Operation
from systems.seating import Seating

SHOWN: dict[str, tuple[str, tuple[Fate, ...]]] = {
    "bad": ("Bad", (Fate.BAD,)),
    "new": ("To be entered", (Fate.NEW,)),
    "person": ("With a person", (Fate.PERSON,)),
    "moving": ("On their way", (Fate.MOVING, Fate.DEFERRED)),
    "queued": ("Not begun", (Fate.QUEUED,)),
    "done": ("Done", (Fate.DONE,)),
    "out": ("Given up", (Fate.GIVEN_UP, Fate.NOT_BEGUN)),
    "repeated": ("Repeated", (Fate.REPEATED, Fate.KNOWN)),
    "all": ("All", tuple(Fate)),
}
FATES: dict[Fate, Look] = {
    Fate.BAD: Look("Bad", "bad", "ban"),
    Fate.NEW: Look("To be entered", "", "circle-dashed"),
    Fate.REPEATED: Look("Repeats a row", "warn", "copy"),
    Fate.KNOWN: Look("In an earlier file", "warn", "copy"),
    Fate.QUEUED: Look("Not begun", "", "circle-dashed"),
    Fate.MOVING: Look("On its way", "note", "player-play"),
    Fate.DEFERRED: Look("Deferred", "", "clock-pause"),
    Fate.PERSON: Look("Needs a person", "warn", "user"),
    Fate.DONE: Look("Done", "good", "circle-check"),
    Fate.GIVEN_UP: Look("Given up", "", "trash"),
    Fate.NOT_BEGUN: Look("Withdrawn", "", "archive"),
}


@dataclass(frozen=True)
class EntryPage:
    """One file with its counts."""

    file: EntryFile
    operation: Operation
    counts: Counts
    seating: Seating
    now: datetime

    @property
    def look(self) -> Look:
        """How the file stands as a whole."""
        return look(self.file, self.counts)

    @property
    def running(self) -> bool:
        """Whether rows are still to be begun or on their way."""
        return self.file.state is not FileState.CHECKED and self.counts.left > 0

    @property
    def tabs(self) -> list[tuple[str, str, int]]:
        """Address word, title and count of each tab that holds rows."""
        counted = [(name, title, self.counts.of(*fates)) for name, (title, fates) in SHOWN.items()]
        return [tab for tab in counted if tab[2] or tab[0] == "all"]

    @property
    def finish(self) -> datetime | None:
        """When the rest is entered at the present rate."""
        return self.counts.finish(self.now) if self.file.state is FileState.STARTED else None

    @property
    def closed_until(self) -> datetime | None:
        """When the system opens, if it is closed now."""
        opens = self.seating.windows.next_open(self.now)
        return opens if opens is not None and opens > self.now else None

    @property
    def system(self) -> str:
        """The system's title."""
        return words.system(self.file.system)


def look(file: EntryFile, counts: Counts) -> Look:
    """How a file stands, in words: what needs a person comes before what moves by itself."""
    if file.state is FileState.CHECKED:
        return _checked(counts)
    if file.state is FileState.PAUSED:
        return Look("Paused", "warn", "clock-pause")
    if counts.of(Fate.PERSON):
        count = counts.of(Fate.PERSON)
        return Look(f"{count:,} {'needs' if count == 1 else 'need'} a person", "warn", "user")
    if file.state is FileState.WITHDRAWN:
        return Look("Rest withdrawn", "", "archive")
    return _moving(counts)


def _moving(counts: Counts) -> Look:
    if counts.lined:
        return Look("Stands in line", "warn", "hand-stop")
    if counts.held:
        return Look("Waits: the system is held", "warn", "hourglass")
    if counts.left:
        return Look(f"{counts.of(Fate.DONE):,} of {counts.begun:,} done", "note", "player-play")
    return Look("All done", "good", "circle-check")


def _checked(counts: Counts) -> Look:
    if counts.of(Fate.NEW):
        return Look("Checked, not started", "", "circle-dashed")
    return Look("No good row" if counts.of(Fate.BAD) == counts.total else "Nothing new in it", "bad", "ban")


def first(file: EntryFile, counts: Counts) -> str:
    """What is worth seeing first: what is wrong, what needs somebody, else everything that will be keyed."""
    if file.state is FileState.CHECKED:
        return "bad" if counts.of(Fate.BAD) else "new" if counts.of(Fate.NEW) else "all"
    return "person" if counts.of(Fate.PERSON) else "all"
