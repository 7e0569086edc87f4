"""A PostgreSQL under the supervisor, as a program of its own: `python tests/support/kept_postgres.py HOME PORT`."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from baton import processes
from baton.leftovers import RunRecord
from baton.part_log import Terminal
from baton.parts import PartFailed
from baton.postgres import prepare_at
from baton.supervisor import Supervisor

PASSWORD = "kept"


async def main(home: Path, port: int) -> None:
    """Start it, say so, and stop at SIGTERM."""
    processes.become_subreaper()
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    run = home.parent / "run"
    supervisor = Supervisor(RunRecord(run / "processes.json"), run, Terminal(), os.environ)
    try:
        await supervisor.start([prepare_at(home, PASSWORD, port).part()])
        sys.stdout.write("all ready\n")
        sys.stdout.flush()
        await asked.wait()
    except PartFailed as failed:
        sys.stdout.write(f"{failed}\n")
    finally:
        await supervisor.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
