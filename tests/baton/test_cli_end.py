"""How a part that a verb has run comes to its end."""

import subprocess
import sys
from pathlib import Path

from baton.stack import ROOT


def test_a_part_that_has_done_its_work_is_not_looked_through_again(tmp_path: Path) -> None:
    """Python's last look for garbage finds nothing to go through: it took longer than stopping may."""
    (tmp_path / "part.py").write_text("def main() -> None:\n    print('worked')\n", encoding="utf-8")
    last = "from baton import cli; import gc; cli.run('part'); print(len(gc.get_objects()) < gc.get_freeze_count())"

    ended = subprocess.run(
        [sys.executable, "-c", last],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}", "BATON_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.split() == ["worked", "True"]
