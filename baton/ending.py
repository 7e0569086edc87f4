"""How the process of a verb ends: at once, when all that was to be done is done.

Python would take itself apart first: most of a second for a part, in which a thread of Temporal's SDK that comes back
late aborts it (temporalio/sdk-python#300).
"""

import atexit
import contextlib
import os
import sys
from collections.abc import Callable


def at_once(verb: Callable[[], object]) -> None:
    """Call what leaves with SystemExit; the process ends with its status once everything registered with atexit ran."""
    status = 1

    def end() -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BrokenPipeError):  # whoever read us has gone: nobody is left to be told
                stream.flush()
        os._exit(status)

    atexit.register(end)  # before any other of the verb's, so that it is called after them
    try:
        verb()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise
