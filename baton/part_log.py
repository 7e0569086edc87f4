"""What parts say: every line to a file of the part's name, what matters to the terminal under its name."""

import re
import sys
import time
from collections import deque
from pathlib import Path
from typing import IO

from baton.parts import Explain

MATTERS = re.compile(
    r"\b(WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC)\b|\[(warning|error|critical)\s*\]|level\"?[=:]\s*\"?(warn|error|crit)"
)
TRACEBACK = "Traceback (most recent call last)"
COLOURS = ("36", "33", "35", "32", "34", "96", "93", "95", "92", "94", "31")
FILE_LIMIT = 20_000_000
# Of one part at most this many lines in so many seconds reach the terminal; its file has them all.
BURST, BURST_SECONDS = 8, 5.0


class Terminal:
    """Where `baton up` speaks to the person who started it: our own sentences, and lines of parts under their names."""

    def __init__(self, *, verbose: bool = False, out: IO[str] | None = None) -> None:
        self.verbose = verbose
        self._out = out or sys.stdout
        self.coloured = self._out.isatty()
        self._colour_of: dict[str, str] = {}

    def say(self, sentence: str) -> None:
        """A sentence of the supervisor itself."""
        self._write("baton", sentence, "1")

    def line(self, part: str, text: str) -> None:
        """A line of a part."""
        colour = self._colour_of.setdefault(part, COLOURS[len(self._colour_of) % len(COLOURS)])
        self._write(part, text, colour)

    def plain(self, text: str) -> None:
        """Text without a name before it: the table of addresses."""
        self._out.write(f"{text}\n")
        self._out.flush()

    def _write(self, name: str, text: str, colour: str) -> None:
        label = f"{name:<14}"
        if self.coloured:
            label = f"\x1b[{colour}m{label}\x1b[0m"
        self.plain(f"{label} {text}")


class PartLog:
    """The log of one part: `<folder>/<part>.log`, and its warnings and errors on the terminal while it is not muted.

    `why` is what its lines said last of why it ends, as the end of a sentence; empty when they said nothing of it.
    """

    def __init__(self, part: str, folder: Path, terminal: Terminal, explain: Explain | None = None) -> None:
        self.path = folder / f"{part}.log"
        self.muted = False
        self.last: deque[str] = deque(maxlen=15)
        self.why = ""
        self._part = part
        self._terminal = terminal
        self._explain = explain
        self._in_traceback = False
        self._burst_began = 0.0
        self._burst = 0
        self._rest = b""
        self._file = self._open()

    def feed(self, chunk: bytes) -> None:
        """Take what the part wrote, in pieces of any size."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._take(line.decode("utf-8", errors="replace").rstrip("\r"))
        if lines:
            self._file.flush()

    def close(self) -> None:
        """Write the last unfinished line and close the file."""
        if self._rest:
            self.feed(b"\n")
        self._file.close()

    def _open(self) -> IO[str]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and self.path.stat().st_size > FILE_LIMIT:
            self.path.replace(self.path.with_suffix(".log.1"))
        return self.path.open("a", encoding="utf-8")

    def _take(self, line: str) -> None:
        self._file.write(f"{line}\n")
        if self._file.tell() > FILE_LIMIT:
            self._file.close()
            self._file = self._open()
        self.last.append(line)
        if self._explain is not None:
            self.why = self._explain(line) or self.why
        if self._terminal.verbose or (self._matters(line) and not self.muted and self._within_burst()):
            self._terminal.line(self._part, line)

    def _matters(self, line: str) -> bool:
        if TRACEBACK in line:
            self._in_traceback = True
            return True
        if self._in_traceback:
            # A traceback ends with the first line that is not indented: the exception itself.
            self._in_traceback = line.startswith((" ", "\t")) or not line
            return True
        return MATTERS.search(line) is not None

    def _within_burst(self) -> bool:
        now = time.monotonic()
        if now - self._burst_began > BURST_SECONDS:
            self._burst_began, self._burst = now, 0
        self._burst += 1
        if self._burst == BURST + 1:
            self._terminal.line(self._part, f"… more in {self.path}")
        return self._burst <= BURST
