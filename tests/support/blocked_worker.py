"""`baton worker` whose loop a blocking call holds up from SIGUSR1 on, until somebody opens a FIFO for writing.

`python -m tests.support.blocked_worker FIFO`
"""

import signal
import sys
from pathlib import Path

from baton import worker


def block(*_: object) -> None:
    """As a call in an activity that forgot to be asynchronous."""
    Path(sys.argv[1]).read_bytes()


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, block)
    worker.main()
