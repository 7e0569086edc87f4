"""Evidence in a folder of this machine: a piece is whole and on the disk before anybody is told that it is kept."""

import os
import secrets
from pathlib import Path

from obstore.exceptions import AlreadyExistsError


def put(folder: Path, path: str, data: bytes) -> None:
    """Blocking: keep `data` under `path`, or leave nothing there. AlreadyExistsError when it is taken, OSError else.

    obstore writes whole files too, but does not wait for the disk.
    """
    file = folder / path
    made = [one for one in file.parents if not one.exists()]
    file.parent.mkdir(parents=True, exist_ok=True)
    staged = file.with_name(f"{file.name}#{secrets.randbits(60)}")  # obstore lists no such name
    try:
        with staged.open("xb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        os.link(staged, file)
    except FileExistsError:
        raise AlreadyExistsError(f"{path} is taken") from None
    finally:
        staged.unlink(missing_ok=True)
    try:
        for changed in {file.parent, *(one.parent for one in made)}:
            _names_kept(changed)
    except OSError:
        file.unlink(missing_ok=True)
        raise


def _names_kept(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
