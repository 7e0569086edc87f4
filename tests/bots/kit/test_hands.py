"""What the kit does for every bot on screens before the bot's own steps."""

from dataclasses import replace
from pathlib import Path

from bots.kit.contract import Job
from bots.kit.hands import ScreenHands
from bots.kit.page import JobPage
from core.faults import SessionLost
from core.outcome import Sighting
from systems.orderdesk import MARK_FAILED_DELIVERY, MarkFailedDelivery
from tests.bots.kit.jobs import a_job
from tests.bots.kit.pages import showing

ENTRY = MarkFailedDelivery(order_no="4700123", reason_code="11", attempt=1)


class Told(ScreenHands):
    """Hands that say what they are asked for; the system wants a sign-in first."""

    def __init__(self, job_page: JobPage) -> None:
        super().__init__(job_page, "bot01")
        self.told: list[str] = []

    async def arrive(self) -> None:
        """Wants a sign-in as long as there was none."""
        self.told.append("arrive")
        if "sign in" not in self.told:
            raise SessionLost

    async def sign_in(self) -> None:
        """Always well."""
        self.told.append("sign in")

    async def look(self, job: Job, name: str) -> Sighting:
        """Nothing is there."""
        self.told.append(name)
        return Sighting()

    async def fill(self, job: Job) -> None:
        """Signed out in the middle, once."""
        self.told.append("fill")
        if self.told.count("fill") == 1:
            raise SessionLost

    async def filled(self, job: Job) -> dict[str, str]:
        """Never asked."""
        return {}

    async def submit(self, job: Job) -> str:
        """Never asked."""
        return ""

    async def read(self, what: str, key: str) -> dict[str, object]:
        """Never asked."""
        return {}


async def test_what_cannot_be_searched_is_entered_on_a_page_that_is_open(tmp_path: Path) -> None:
    """Without a find before it the system is opened and signed in to first, and one lost session is renewed still."""
    job = Job.of(replace(MARK_FAILED_DELIVERY, searchable=False), ENTRY, "BTN-ABCDEFGHJK")

    async with showing({"/": "<title>desk</title>"}) as system, a_job(system, tmp_path) as job_page:
        hands = Told(job_page)
        await hands.enter(job)

    assert hands.told == ["arrive", "sign in", "arrive", "fill", "sign in", "arrive", "fill"]


async def test_what_was_found_is_not_opened_a_second_time(tmp_path: Path) -> None:
    """After a find the form follows at once, and a session that is lost there restarts at find."""
    job = Job.of(MARK_FAILED_DELIVERY, ENTRY, "BTN-ABCDEFGHJK")

    async with showing({"/": "<title>desk</title>"}) as system, a_job(system, tmp_path) as job_page:
        hands = Told(job_page)
        await hands.find(job)
        await hands.enter(job)

    begun = ["arrive", "sign in", "arrive", "find"]
    assert hands.told == [*begun, "fill", "sign in", "arrive", "find again", "fill"]
