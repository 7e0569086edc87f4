"""Screens that are not as they should be: each trouble has its code and one sentence, before anything is typed."""

from pathlib import Path

import pytest

from core.faults import ElementMissing, ElementTwice, ScreenUnexpected, TooSlow
from tests.bots.kit.jobs import a_job
from tests.bots.kit.pages import showing

PAGE = "<input aria-label=Name><input aria-label=Name><button disabled>Save</button>"


async def test_what_is_not_there_and_what_is_there_twice_is_said(tmp_path: Path) -> None:
    """A locator that matches nothing, two things, or what stays shut: a fault each, and no value of the page."""
    async with showing({"/": PAGE}) as pages, a_job(pages, tmp_path) as job:
        job.page.set_default_timeout(1000)
        with pytest.raises(ElementMissing):
            async with job.steps("type the street"):
                await job.page.get_by_label("Street").fill("x")
        with pytest.raises(ElementTwice) as twice:
            async with job.steps("type the name"):
                await job.page.get_by_label("Name").fill("x")
        with pytest.raises(TooSlow):
            async with job.steps("save"):
                await job.page.get_by_role("button", name="Save").click()

    assert "<input" not in twice.value.detail
    assert ElementMissing.sentence() == "Something that the bot works with is not on the screen."
    assert issubclass(ElementMissing, ScreenUnexpected)
