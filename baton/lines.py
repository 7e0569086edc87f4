"""Lines of a label and a sentence: coloured columns for a terminal, plain text for a pipe or a file."""

import sys
from typing import IO

from rich.console import Console
from rich.table import Table

from core.inert import visible_line

GAP = 2
NARROWEST = 9
_STYLES = {"good": "green", "bad": "bold red", "quiet": "dim", "": ""}


class Lines:
    """Collects lines, then shows them. A tone is good, bad, quiet or nothing; the words say the same without it."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str, str]] = []

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, label: str, sentence: str, tone: str = "") -> None:
        """One more line; what it quotes from elsewhere cannot command the terminal."""
        self._lines.append((visible_line(label), visible_line(sentence), tone))

    def plain(self) -> str:
        """Each line as text; a label is not repeated below itself."""
        width = max([NARROWEST, *(len(label) + GAP for label, _, _ in self._lines)])
        return "\n".join(f"{label:<{width}}{sentence}".rstrip() for label, sentence, _ in self._once())

    def show(self, out: IO[str] | None = None) -> None:
        """Print them: as columns that wrap when a person looks at a terminal."""
        out = out or sys.stdout
        if not out.isatty():
            out.write(f"{self.plain()}\n")
            return
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        console = Console(file=out, highlight=False)
        for label, sentence, tone in self._once():
            table.add_row(label, console.render_str(sentence, style=_STYLES[tone], markup=False))
        console.print(table)

    def _once(self) -> list[tuple[str, str, str]]:
        before = [""] + [label for label, _, _ in self._lines]
        return [
            ("" if label == last else label, sentence, tone)
            for (label, sentence, tone), last in zip(self._lines, before, strict=False)
        ]
