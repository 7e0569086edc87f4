"""What the board's tests share: its operations with a job that fits each, and one whole entry."""

from bots.kit.contract import Job, Route
from tests.bots.conformance.cast import part_of

BOOK, MOVE, CANCEL = (part_of("fieldboard", name) for name in ("book", "move", "cancel_booking"))
ACCOUNT = "disp01"


def place_of(job: Job) -> str:
    """Technician, day and slot as the fault switches take them."""
    return f"{job.part.image['technician']} {job.part.image['day']} {job.part.image['slot']}"


async def entered(route: Route, job: Job, account: str = ACCOUNT) -> str:
    """Make the whole entry; its confirmation."""
    async with route.open(account, lambda _: None) as hands:
        await hands.find(job)
        await hands.enter(job)
        return await hands.submit(job)
