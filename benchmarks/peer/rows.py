"""The peer's side of `benchmarks/bots.py`: a robocorp task that keys the rows of its work items into the order desk.

It runs in an environment of its own (`requirements.lock`), as `python -m robocorp.tasks run rows.py`, and does per row
what the bare script does: the same pages, a context per row, the session carried over, the same browser and flags.
What it is to do comes in PEER (JSON); it writes the milliseconds of each row to the file named there.
"""
# mypy: disallow-untyped-decorators=False
# The decorator is the peer's, which is not installed beside Baton.

import json
import os
import time
from pathlib import Path
from typing import Any

from robocorp import browser, workitems
from robocorp.browser import _context
from robocorp.tasks import task

PEER: dict[str, Any] = json.loads(os.environ["PEER"])
URL = PEER["url"]


@task
def rows() -> None:
    """Every row of the queue, one after the other, as a run of this peer works."""
    browser.configure(headless=True, install=False, screenshot="only-on-failure")
    # The public function takes no program; this fills its cache with the one that all sides use.
    opened = _context.browser(executable_path=PEER["program"], args=PEER["flags"], chromium_sandbox=PEER["sandbox"])
    session = _signed_in(opened)
    took, began = [], time.time()
    for item in workitems.inputs:
        with item:
            row_began = time.perf_counter()
            _enter(opened, session, item.payload["order_no"], item.payload["reference"])
            item.done()
            took.append((time.perf_counter() - row_began) * 1000)
    Path(PEER["written"]).write_text(json.dumps({"ms": took, "began": began, "ended": time.time()}))


def _signed_in(opened: Any) -> Any:
    context = opened.new_context()
    page = context.new_page()
    page.goto(f"{URL}/signin")
    page.fill("#user", PEER["user"])
    page.fill("#password", PEER["password"])
    page.click("#signin")
    page.wait_for_load_state()
    session = context.storage_state()
    context.close()
    return session


def _enter(opened: Any, session: Any, order_no: str, reference: str) -> None:
    context = opened.new_context(storage_state=session, viewport=PEER["view"])
    try:
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(URL, wait_until="domcontentloaded")
        main = page.wait_for_selector("frame[name=main]", state="attached").content_frame()
        main.wait_for_selector("#msg", state="attached")
        main.goto(f"{URL}/order/{order_no}", wait_until="domcontentloaded")
        assert main.inner_text("#d_status") == "30"
        main.goto(f"{URL}/order/{order_no}/failure", wait_until="domcontentloaded")
        main.fill("#status", "50")
        main.fill("#reason", "12")
        main.fill("#attempt", "1")
        main.fill("#remarks", f"{reference} Mark the order: delivery failed")
        with main.expect_navigation(wait_until="domcontentloaded"):
            main.click("#save")
        assert main.inner_text("#change_no")
        main.goto(f"{URL}/order/{order_no}", wait_until="domcontentloaded")
        assert main.inner_text("#d_status") == "50"
    finally:
        context.close()
