"""`make histories`: run the tests that keep histories, and write what they keep below tests/replay."""

import os
import subprocess
import sys

from tests.replay import histories


def main() -> int:
    """Record every history anew; the exit status of the tests that did."""
    for old in histories.recorded():
        old.unlink()
    command = [sys.executable, "-m", "pytest", "tests/workflows", "-q"]
    command += ["--ignore=tests/workflows/test_kills.py", "--ignore=tests/workflows/test_stop.py", *sys.argv[1:]]
    environment = {**os.environ, histories.SWITCH: "1"}
    return subprocess.run(command, check=False, cwd=histories.ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
