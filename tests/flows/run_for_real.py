"""Prefect in a process of its own: loads the nightly flow as a worker does and runs it on a throw-away server."""

import asyncio
from datetime import date
from typing import Any

from prefect.flows import load_flow_from_entrypoint
from prefect.testing.utilities import prefect_test_harness

if __name__ == "__main__":
    with prefect_test_harness(server_startup_timeout=120):
        nightly: Any = load_flow_from_entrypoint("flows/nightly.py:count_cases_by_stage")
        asyncio.run(nightly(day=date(2026, 11, 20)))
