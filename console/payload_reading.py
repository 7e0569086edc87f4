"""Reading payloads for a person: each by the right to its journey, noted before it is shown, and not without end."""

from collections import Counter
from collections.abc import Sequence

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from temporalio.api.common.v1 import Payload

from console.collaborators import Collaborators
from console.problems import Problem
from records import access, payload_rights
from records.access import Person

PER_PERSON = parse("5000/5 minutes")
"""Payloads: a person reads a few long histories in that time; a program that copies them all does not get far."""
NAMED = 20
"""Workflows that one audit entry names; a page of the UI asks for those of one."""


class ReadingPace:
    """Counts what each person had decoded lately, in this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def count(self, person: Person, number: int) -> None:
        """So many more; 429 when that is too many."""
        if number and not await self._limiter.hit(PER_PERSON, person.email, cost=number):
            raise Problem(
                429,
                "too_many_payloads",
                "Too many payloads were decoded for you in a short time.",
                kept="Those that you see stay readable.",
                todo="Wait five minutes, then load the page again.",
            ).with_headers({"Retry-After": "300"})


async def read(parts: Collaborators, person: Person, payloads: Sequence[Payload], namespace: str) -> list[Payload]:
    """Those that this person may read in clear, in their order; every other one as it came."""
    opened = [parts.payloads.opened(one) if parts.payloads else None for one in payloads]
    shown: Counter[str] = Counter()
    answer: list[Payload] = []
    async with parts.database.session() as session:
        ids = {found[1] for found in opened if found is not None}
        journeys = {one: await payload_rights.journey_of(session, one) for one in sorted(ids)}
        for came, found in zip(payloads, opened, strict=True):
            if found is None or not payload_rights.may_read(person.role, journeys[found[1]]):
                answer.append(came)
            else:
                answer.append(found[0])
                shown[found[1]] += 1
        told = {"shown": shown.total(), "kept_back": len(payloads) - shown.total(), "namespace": namespace[:100]}
        which = dict(shown.most_common(NAMED))
        about = next(iter(which), "")[:200]
        access.audit(session, parts.clock(), person.email, "payloads.decoded", about, workflows=which, **told)
    return answer
