"""Who typed a command: the name that stands in the records beside what came of it."""

import getpass
import os


def typed() -> str:
    """The name of this process's user, or its number: in a container it may have no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"user {os.getuid()}"
    return f"{name} (command line)"
