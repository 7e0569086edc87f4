"""Every process that keeps anything knows every table, whatever else it imports."""

import subprocess
import sys

from tests.support.patience import PATIENCE

EVERY_KEY = """
import records.database
from sqlmodel import SQLModel
print(len([key.column for table in SQLModel.metadata.tables.values() for key in table.foreign_keys]))
"""


def test_a_database_alone_knows_what_each_foreign_key_names() -> None:
    """A worker that imports a table writes it, also when that names a table which nothing else of it imports."""
    done = subprocess.run(
        [sys.executable, "-c", EVERY_KEY], capture_output=True, text=True, check=False, timeout=PATIENCE
    )

    assert (done.returncode, int(done.stdout or 0) > 20) == (0, True), done.stderr
