"""Text that came from outside, made harmless to look at: what hides or turns round other text is shown by its name."""

import re

_KEPT = {"\n", "\t"}
_HIDDEN = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0xAD,  # soft hyphen
    0x61C,
    0x180E,
    0x200B,
    *range(0x200E, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0080),
)
"""Controls, what turns the direction of text, and what takes no room. Joiners of scripts and of emoji stay."""
_SHOWN = {
    point: chr(0x2400 + point) if point < 0x20 else f"[U+{point:04X}]" for point in _HIDDEN if chr(point) not in _KEPT
}
_BREAKS = {ord("\n"): "\u240a", ord("\t"): "\u2409"}


def visible(text: str) -> str:
    """The text with nothing in it that cannot be seen; lines and tabs stay."""
    return text if text.isprintable() else text.translate(_SHOWN)  # most is: nothing that hides is printable


def visible_line(text: str) -> str:
    """The same on one line: a line break in it is shown too, so that it cannot pass for a line of ours."""
    return visible(text).translate(_BREAKS)


def file_name(name: str) -> str:
    """Somebody else's file name, to show and never to open a file by: no folders, nothing hidden, not long."""
    last = re.split(r"[/\\]", name.encode("utf-8", "replace").decode("utf-8"))[-1]
    return visible_line(last).strip(" .")[-120:] or "unnamed"
