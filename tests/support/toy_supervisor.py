"""A supervisor with toy parts as a program of its own: `python tests/support/toy_supervisor.py FOLDER PART...`."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from baton import processes
from baton.leftovers import RunRecord
from baton.part_log import Terminal
from baton.parts import Part, PartFailed, Wave
from baton.ready import said_so
from baton.supervisor import Supervisor

READY = "import pathlib, subprocess, sys, signal, threading; "
TELL = "pathlib.Path(sys.argv[1]).touch(); "
WAIT = "threading.Event().wait()"
GRANDCHILD = "subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'], "
TOYS = {
    "sleeper": READY + TELL + WAIT,
    "stubborn": READY + "signal.signal(signal.SIGTERM, signal.SIG_IGN); " + TELL + WAIT,
    # Its child moves to a session of its own, as a browser does.
    "parent": READY + GRANDCHILD + "start_new_session=True); " + TELL + WAIT,
    "broken": "raise SystemExit('toy: nothing works here')",
}


async def main(folder: Path, names: list[str]) -> None:
    """Start the toys, say so, and stop at SIGTERM."""
    processes.become_subreaper()
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    supervisor = Supervisor(RunRecord(folder / "run" / "processes.json"), folder / "logs", Terminal(), os.environ)
    try:
        await supervisor.start([toy(folder, name) for name in names])
        sys.stdout.write("all ready\n")
        sys.stdout.flush()
        await asked.wait()
    except PartFailed as failed:
        sys.stdout.write(f"{failed}\n")
    finally:
        await supervisor.stop()


def toy(folder: Path, name: str) -> Part:
    """One toy part."""
    file = folder / f"{name}.ready"
    command = (sys.executable, "-c", TOYS[name], str(file))
    return Part(name, command, said_so(file), Wave.DEMO, clean=lambda: file.unlink(missing_ok=True))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
