"""Days in a text, whoever wrote them: a page says all of them in one shape."""

import re
from datetime import date

_WRITTEN = re.compile(r"(?<![\w-])(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2})\.(\d{1,2})\.(\d{4}))(?![\w-])")


def dated(text: str) -> str:
    """2026-11-18 and 18.11.2026 are both 18 Nov 2026; what is no day stays as it is."""
    return _WRITTEN.sub(_said, text)


def _said(found: re.Match[str]) -> str:
    year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        on = date(int(year), int(month), int(day))
    except ValueError:
        return found[0]
    return f"{on.day} {on:%b %Y}"
