"""`baton bot new`: a bot's folder that works at once, against a practice system of its own; then it is made yours."""

import re
from pathlib import Path

NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
TEMPLATE = Path(__file__).parent / "bot_template"
SUFFIX = ".txt"
"""The template's files end so, because they are no code of ours until they have a name."""


class NoBotError(Exception):
    """The folder cannot be made; the message says why and what to do."""


def new(name: str, folder: Path, taken: set[str]) -> list[Path]:
    """Write the folder `name` below `folder`; the files, in the order to read them. Raises NoBotError."""
    if NAME.fullmatch(name) is None:
        raise NoBotError("A system's name has small letters, digits and _, and begins with a letter: for example acme.")
    home = folder.expanduser().resolve() / name
    if home.exists():
        raise NoBotError(f"{home} is there already, and nothing was changed; remove it or choose another name.")
    if name in taken:
        raise NoBotError(f"{name} is a name that Baton itself uses; choose another.")
    words = {"@name@": name, "@NAME@": name.upper(), "@title@": name.replace("_", " ").capitalize()}
    words["@parent@"] = str(home.parent)
    written = []
    for source in sorted(TEMPLATE.rglob(f"*{SUFFIX}")):
        target = home / source.relative_to(TEMPLATE).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text(encoding="utf-8")
        for mark, word in words.items():
            text = text.replace(mark, word)
        target.write_text(text, encoding="utf-8")
        written.append(target)
    return written
