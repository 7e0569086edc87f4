"""Runs of the peer: robocorp-browser with robocorp-workitems, installed once into an environment of its own."""

import asyncio
import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from benchmarks.bare_script import VIEW_SIZE
from benchmarks.servers import ROOT
from bots.kit.browser import FLAGS
from bots.kit.browser_path import find_browser

HOME = ROOT / "var" / "bench-peer"
FILES = Path(__file__).parent / "peer"
LOCK = FILES / "requirements.lock"


class PeerRun(BaseModel):
    """The rows of one run: milliseconds of each, and when the first began and the last ended (seconds)."""

    ms: list[float]
    began: float
    ended: float


def installed() -> str:
    """Install the peer unless it is there; what stands against it, empty when nothing does."""
    done = HOME / LOCK.name
    if done.exists() and done.read_bytes() == LOCK.read_bytes():
        return ""
    venv.create(HOME, with_pip=True, clear=True)
    command = [str(_python()), "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(LOCK)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        return said.stderr.strip().splitlines()[-1] if said.stderr.strip() else "pip failed without a word"
    done.write_bytes(LOCK.read_bytes())
    return ""


async def run(url: str, account: str, orders: Sequence[str], folder: Path) -> PeerRun:
    """One run over these orders, in a process of its own, as that account."""
    await asyncio.to_thread(_queue, folder, orders)
    asked = {
        "url": url,
        "user": account,
        "password": f"demo-{account[:3]}-{account[3:]}",
        "program": str(find_browser().path),
        "flags": list(FLAGS),
        "sandbox": os.getuid() != 0,
        "view": VIEW_SIZE,
        "written": str(folder / "figures.json"),
    }
    process = await asyncio.create_subprocess_exec(
        *(_python(), "-m", "robocorp.tasks", "run", FILES / "rows.py", "--output-dir", folder / "output"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={
            **os.environ,
            "PEER": json.dumps(asked),
            "RC_WORKITEM_ADAPTER": "FileAdapter",
            "RC_WORKITEM_INPUT_PATH": str(folder / "items.json"),
            "RC_WORKITEM_OUTPUT_PATH": str(folder / "output-items.json"),
        },
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"the peer's run failed:\n{said.decode()[-2000:]}")
    return PeerRun.model_validate_json((folder / "figures.json").read_text(encoding="utf-8"))


def _queue(folder: Path, orders: Sequence[str]) -> None:
    """The peer's work items, as its file adapter reads them."""
    folder.mkdir(parents=True)
    items = [{"payload": {"order_no": order, "reference": f"BTN-PEER{order}"}, "files": {}} for order in orders]
    (folder / "items.json").write_text(json.dumps(items), encoding="utf-8")


def _python() -> Path:
    return HOME / ("Scripts" if sys.platform == "win32" else "bin") / "python"
