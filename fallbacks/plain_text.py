"""What a mail says in plain words: text out of HTML, and what its writer wrote without the mail they answer."""

import re
from html.parser import HTMLParser

_SILENT = frozenset({"script", "style", "head", "title", "template", "noscript"})
_BREAKS = frozenset({"br", "p", "div", "tr", "li", "blockquote", "h1", "h2", "h3", "h4", "table", "hr"})
_ORIGINAL = re.compile(
    r"^\s*(-{2,}.*(original message|nachricht|weitergeleitet|forwarded).*-{2,}|_{10,})\s*$", re.IGNORECASE
)
_HEADING_LINES = 3
"""A heading as "On Friday ... wrote:" is broken over so many lines at most."""


class _Words(HTMLParser):
    """Collects the words of a page; what a browser would run or hide in its head is no word."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, or fall silent."""
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Speak again, or end a paragraph."""
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in ("p", "table", "blockquote"):
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        """Words between tags."""
        if not self._silent:
            self.words.append(re.sub(r"\s+", " ", data))


def of_html(page: str) -> str:
    """The words of an HTML mail, with its lines; never any of its code."""
    parser = _Words()
    parser.feed(page)
    parser.close()
    lines = (line.strip() for line in "".join(parser.words).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def without_quotes(text: str) -> str:
    """What the writer wrote above the mail they answer; the whole text when nothing stands above it."""
    lines = text.split("\n")
    end = next((number for number, line in enumerate(lines) if _ORIGINAL.fullmatch(line)), len(lines))
    own = lines[:end]
    while own and (not own[-1].strip() or own[-1].lstrip().startswith(">")):
        own.pop()
    quoted = any(line.lstrip().startswith(">") for line in lines[len(own) : end])
    if quoted and own and own[-1].rstrip().endswith(":"):
        own = _without_heading(own)
    return "\n".join(own).strip() or text.strip()


def _without_heading(lines: list[str]) -> list[str]:
    """Without the last paragraph when it is short: it says who wrote what is quoted."""
    start = len(lines)
    while start and lines[start - 1].strip():
        start -= 1
    return lines[:start] if len(lines) - start <= _HEADING_LINES else lines[:-1]
