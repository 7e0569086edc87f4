"""What the kit reads of any screen, and how a fault comes to know where it was met."""

from pathlib import Path

import pytest

from bots.kit.hands import ScreenHands
from bots.kit.layouts import expect, read, screen_at
from core.faults import ScreenUnexpected
from failure.difference import Change, Layout
from tests.bots.kit.jobs import a_job
from tests.bots.kit.pages import showing
from tests.bots.kit.test_hands import Told

FORM = """<form>
<div><label for=s>Status</label><select id=s name=status><option>Mrs Muster</option></select></div>
<table><tr><td>Reason code</td><td><input name=reason value="Mr Muster"></td></tr></table>
<div><label>Remarks <textarea name=remarks>secret</textarea></label></div>
<div><input aria-label="Phone" name=f_90812345></div>
<div id=when>Time</div><div role=radiogroup aria-labelledby=when>
 <label><input type=radio name=slot value=1> morning</label>
 <label><input type=radio name=slot value=2> noon</label></div>
<input type=hidden name=token value=x><input name=trap style="display:none">
<dl><dt>Customer</dt><dd>Muster</dd></dl>
<button name=go>Save 4700123</button></form>"""


async def test_any_form_is_read_by_what_people_see_and_nothing_that_stands_in_it(tmp_path: Path) -> None:
    """Captions by label, table, group or attribute; no values, no numbers, no names of a moment."""
    async with showing({"/": FORM}) as pages, a_job(pages, tmp_path) as job:
        layout = await read(job.page.main_frame, "Form")

    assert layout is not None
    assert [(field.caption, field.name, field.kind, field.row) for field in layout.fields] == [
        ("Status", "status", "select", 1),
        ("Reason code", "reason", "text", 2),
        ("Remarks", "remarks", "textarea", 3),
        ("Phone", "", "text", 4),
        ("Time", "slot", "radio", 5),
        ("Customer", "", "cell", 6),
        ("Save …", "go", "button", 7),
    ]


async def test_a_page_that_is_gone_has_no_layout(tmp_path: Path) -> None:
    """A screen that cannot be read any more is no trouble of its own: the fault that led there counts."""
    async with showing({"/": FORM}) as pages, a_job(pages, tmp_path) as job:
        frame = job.page.main_frame
        await job.page.close()
        layout = await read(frame, "Form")

    assert layout is None


async def test_a_bot_that_names_no_screen_is_where_its_address_says(tmp_path: Path) -> None:
    """F12: the screen of a fault is the bot's own word for it, else the path without what differs from job to job."""
    async with showing({"/": FORM}) as pages, a_job(pages, tmp_path) as job:
        hands: ScreenHands = Told(job)
        by_address = hands.screen
        job.steps.screen = "S31 DELIVERY FAILURE"

        assert (by_address, hands.screen) == ("/", "S31 DELIVERY FAILURE")
    assert screen_at("http://desk:8000/order/4700123/failure?version=7") == "/order/…/failure"


@pytest.mark.failure_mode("F12")
def test_a_screen_that_differs_raises_with_every_change_as_data() -> None:
    """F12: the fault names the screen, and carries each change so that it can be stored and read again."""
    known = Layout.of("S1 FORM", [("Status", "status"), ("Remarks", "remarks")])
    found = Layout.of("S1 FORM", [("State", "status"), ("Remarks", "remarks")])

    expect(known, known)
    with pytest.raises(ScreenUnexpected) as trouble:
        expect(found, known)

    assert trouble.value.screen == "S1 FORM"
    assert [Change.model_validate(one).words for one in trouble.value.drift] == ['field "Status" is now "State"']
