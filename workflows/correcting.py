"""Asking the submitter about an order number that the order desk does not know, before the desk gets the case."""

import asyncio
import uuid

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.keep import Keep, KeyTaken, KeyWanted, ReadSubmission, SubmissionRead
from core.case import Stage, WaitsFor
from handoff.failed_delivery import JOURNEY, FailedDeliveryReport
from workflows import policies, search
from workflows.acts import CorrectOrder, ReviewProposal
from workflows.book import Book, Happened, at_stage, locally, waiting
from workflows.handoff_people import wrong_state


class Correcting:
    """The question to the submitter of one case; `lock` is the one under which people's Updates are handled."""

    def __init__(self, book: Book, lock: asyncio.Lock) -> None:
        self._book = book
        self._lock = lock
        self._asked = False
        self._corrected = False
        self._confirmed = False

    async def ask(self) -> bool:
        """Ask and wait; True when the number was corrected, False when it was confirmed or nobody answered in time."""
        self._asked, self._corrected = True, False
        search.case_stage(Stage.CORRECTION)
        until = workflow.now() + policies.CORRECTION_TIME
        about = "the order desk does not know this order number"
        wait = waiting(WaitsFor.PERSON, about, mover="the submitter", until=until)
        await self._book.write(
            Happened(name="order.correction_asked", system="orderdesk"), case={"stage": Stage.CORRECTION, **wait}
        )
        try:
            await workflow.wait_condition(lambda: self._corrected or self._confirmed, timeout=policies.CORRECTION_TIME)
        except TimeoutError:
            await self._missed()
        self._asked = False
        if self._corrected:
            search.case_stage(Stage.READING)
            await self._book.write(case=at_stage(Stage.READING, "reading the corrected order on the order desk"))
        return self._corrected

    async def _missed(self) -> None:
        async with self._lock:  # an answer that is being written down still counts
            self._asked = False
        if not (self._corrected or self._confirmed):
            await self._book.write(Happened(name="order.correction_missed"))

    def corrected(self) -> None:
        """The record has the corrected number."""
        self._corrected = True

    def let_go(self) -> None:
        """Nobody needs the answer any more."""
        self._confirmed = True

    def confirmed(self) -> None:
        """The record has the submitter's word that the number is right."""
        self._confirmed = True

    def check(self) -> None:
        """Raise unless the case waits for the submitter; state only, for validators."""
        if not self._asked:
            raise wrong_state("This case does not wait for a correction of its order number.")


def corrected_report(report: FailedDeliveryReport, act: CorrectOrder) -> FailedDeliveryReport:
    """The report with the corrected numbers; an ApplicationError with a sentence when they cannot be right."""
    changed = {**report.model_dump(), "order_no": act.order_no, "parcel_no": act.parcel_no}
    try:
        corrected = FailedDeliveryReport.model_validate(changed)
    except ValidationError:
        message = "An order number has seven digits, a parcel number is P- and eight digits."
        raise ApplicationError(message, type="input_refused") from None
    if corrected.business_key == report.business_key:
        raise ApplicationError("This is the number that is there already.", type="input_refused")
    return corrected


async def claim_key(case_id: uuid.UUID, report: FailedDeliveryReport) -> None:
    """Give the case the corrected report's own key; ApplicationError when another case is about it already."""
    key = KeyWanted(case_id=case_id, journey=JOURNEY, business_key=report.business_key)
    taken: KeyTaken = await locally(Keep.claim_key, key)
    if taken.by_case:
        message = f"Case {taken.by_case} is about this order, parcel and attempt already."
        raise ApplicationError(message, type="already_a_case")


async def proposed(case_id: uuid.UUID, act: ReviewProposal) -> SubmissionRead:
    """The proposal that somebody reviews; ApplicationError when it is none of this case, or reviewed already."""
    try:
        found: SubmissionRead = await locally(Keep.read_submission, ReadSubmission(submission_id=act.submission_id))
    except ApplicationError:
        raise wrong_state("There is no such proposal.") from None
    if found.case_id != case_id or not found.open:
        raise wrong_state("This proposal belongs to another case, or somebody has reviewed it already.")
    return found
