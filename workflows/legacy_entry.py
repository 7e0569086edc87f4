"""Plain entry: the rows of one file become work items on one system, some at a time; people pause and withdraw it."""

import asyncio
import uuid

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.exceptions import ApplicationError, ChildWorkflowError, FailureError, WorkflowAlreadyStartedError

from activities.entry_rows import EntryRows, Fed, Feed, FileState, NoteFile, RowToEnter
from activities.items import Intent
from activities.people import Action, People, Verified, VerifyActor
from core.work_item import Priority
from systems.base import PRODUCTION
from systems.registry import SYSTEMS, operation_of
from workflows import policies
from workflows.acts import Act, Told, WithdrawRest
from workflows.book import locally
from workflows.entries import ItemHandle, attributes, begin, carried, place
from workflows.work_item import ItemStart

JOURNEY = "legacy-entry"


class EntriesStart(BaseModel):
    """Which file, whose rows, on which operation; the last three are carried from run to run."""

    model_config = ConfigDict(frozen=True)

    file_id: uuid.UUID
    system: str
    operation: str
    environment: str = PRODUCTION
    author: str = "baton"
    priority: Priority = Priority.BULK
    fairness: str = ""
    after: int = 0
    paused: bool = False
    withdrawn: bool = False


class EntriesEnd(BaseModel):
    """How it ended: every row handed out, or the rest withdrawn."""

    model_config = ConfigDict(frozen=True)

    state: FileState


@workflow.defn(name="LegacyEntryWorkflow")
class LegacyEntryWorkflow:
    """Hands a file's rows out until none is left; the single writer of the file from its start on."""

    @workflow.init
    def __init__(self, start: EntriesStart) -> None:
        self._start = start
        self._after = start.after
        self._paused = start.paused
        self._withdrawn = start.withdrawn
        self._asked_back = self._ended = False
        self._begun = self._news = self._idle = 0
        self._lock = asyncio.Lock()
        self._found_by = attributes(JOURNEY, start.system)
        self._stands = place(start.priority, start.fairness)
        self._children: set[asyncio.Task[None]] = set()

    @workflow.run
    async def run(self, start: EntriesStart) -> EntriesEnd:
        """Begin rows while there is room, until all are begun and none is on its way."""
        while True:
            news = self._news
            fed = await self._feed()
            await self._take_back(fed)
            await asyncio.gather(*(self._begin(row) for row in fed.rows))
            if not fed.rows and not fed.on_their_way and not fed.in_line and not self._paused:
                break
            await self._until_news(news, busy=bool(fed.rows))
            if self._begun >= policies.ROWS_PER_RUN or workflow.info().is_continue_as_new_suggested():
                await self._go_on()
        return await self._end()

    async def _feed(self) -> Fed:
        """The rows to begin now; none while it is paused or withdrawn."""
        room = 0 if self._paused or self._withdrawn else policies.ROWS_IN_FLIGHT
        line = self._withdrawn and not self._asked_back
        asked = Feed(file_id=self._start.file_id, after=self._after, in_flight=room, line=line)
        fed: Fed = await locally(EntryRows.feed, asked)
        return fed if room and not self._withdrawn else fed.model_copy(update={"rows": ()})

    async def _until_news(self, news: int, *, busy: bool) -> None:
        """Until an item ends or a person acts. Items of an earlier run are only seen by asking, ever less often."""
        self._idle = 0 if busy else self._idle + 1
        pause = min(policies.ROWS_POLL * 2 ** min(self._idle, 6), policies.ROWS_POLL_LONGEST)
        try:
            await workflow.wait_condition(lambda: self._news != news, timeout=pause)
            self._idle = 0
        except TimeoutError:
            return

    async def _go_on(self) -> None:
        await workflow.wait_condition(workflow.all_handlers_finished)
        carried_on = {"after": self._after, "paused": self._paused, "withdrawn": self._withdrawn}
        workflow.continue_as_new(self._start.model_copy(update=carried_on))

    async def _end(self) -> EntriesEnd:
        await workflow.wait_condition(workflow.all_handlers_finished)
        self._ended = True
        if self._withdrawn:
            return EntriesEnd(state=FileState.WITHDRAWN)
        await self._note(FileState.HANDED_OUT)
        return EntriesEnd(state=FileState.HANDED_OUT)

    async def _note(self, state: FileState, by: str = "baton", why: str = "") -> None:
        note = NoteFile(file_id=self._start.file_id, state=state, at=workflow.now(), by=by, why=why)
        await locally(EntryRows.note, note)

    # -- rows ---------------------------------------------------------------------------------------------------

    async def _begin(self, row: RowToEnter) -> None:
        """Start the row's item. When this returns it has started, so that a run may end without losing a row."""
        self._after = max(self._after, row.number)
        self._begun += 1
        start = ItemStart(intent=self._intent(row))
        try:
            handle = await begin(start, self._found_by, self._stands)
        except WorkflowAlreadyStartedError:
            return  # begun by an earlier workflow of this file: the records tell how it goes on
        child = asyncio.create_task(self._carry(start, handle))
        self._children.add(child)
        child.add_done_callback(self._gone)

    def _gone(self, child: asyncio.Task[None]) -> None:
        self._children.discard(child)
        self._news += 1

    async def _carry(self, start: ItemStart, handle: ItemHandle) -> None:
        try:
            await handle
        except ChildWorkflowError:  # ended from outside Baton: another one carries the item on
            await workflow.sleep(policies.ITEM_PAUSE)
            await carried(start, self._found_by, self._stands)

    def _intent(self, row: RowToEnter) -> Intent:
        operation = operation_of(self._start.system, self._start.operation)
        return Intent(
            id=row.item_id,
            system=operation.system,
            operation=operation.name,
            kind=operation.kind,
            target_key=operation.target(operation.entry.model_validate(row.content)),
            occurrence=f"{JOURNEY}/{self._start.file_id}/{row.number}",
            content=row.content,
            author=self._start.author,
            route=SYSTEMS[operation.system].route,
            environment=self._start.environment,
            priority=self._start.priority,
        )

    async def _take_back(self, fed: Fed) -> None:
        """Withdrawn: ask what is on its way to end, if nothing of it was tried; one that has ended needs no asking."""
        if not self._withdrawn or self._asked_back:
            return
        self._asked_back = True
        for item_id in fed.on_their_way:
            try:
                await workflow.get_external_workflow_handle(f"item/{item_id}").signal("withdraw")
            except FailureError:
                continue

    # -- people -------------------------------------------------------------------------------------------------

    @workflow.update
    async def pause(self, act: Act) -> Told:
        """Begin no further row; those on their way go on."""
        async with self._lock:
            person = await self._person(act)
            self._check_not_paused(act)
            await self._note(FileState.PAUSED, person.email)
            self._paused = True
            self._news += 1
        return Told(message="Paused. What has begun goes on to its end.")

    @workflow.update
    async def resume(self, act: Act) -> Told:
        """Go on with the next row."""
        async with self._lock:
            person = await self._person(act)
            self._check_paused(act)
            await self._note(FileState.STARTED, person.email)
            self._paused = False
            self._news += 1
        return Told(message="It goes on with the next row.")

    @workflow.update
    async def withdraw_rest(self, act: WithdrawRest) -> Told:
        """Begin no further row, ever, and take back what was not tried yet."""
        async with self._lock:
            person = await self._person(act)
            self._check_open(act)
            await self._note(FileState.WITHDRAWN, person.email, act.reason)
            self._withdrawn, self._paused = True, False
            self._news += 1
        return Told(message="The rest is withdrawn. What a bot had begun goes on to its end.")

    @pause.validator
    def _check_not_paused(self, act: Act) -> None:
        self._check_left()
        if self._paused:
            raise _wrong_state("This file is paused already.")

    @resume.validator
    def _check_paused(self, act: Act) -> None:
        self._check_left()
        if not self._paused:
            raise _wrong_state("This file is not paused.")

    @withdraw_rest.validator
    def _check_open(self, act: WithdrawRest) -> None:
        self._check_left()

    def _check_left(self) -> None:
        if self._ended or self._withdrawn:
            raise _wrong_state("Nothing of this file is left to begin.")

    async def _person(self, act: Act) -> Verified:
        try:
            person: Verified = await locally(People.verify, VerifyActor(by=act.by, action=Action.START_WORK))
        except ApplicationError:
            raise ApplicationError("You do not have the right to do this.", type="not_allowed") from None
        return person


def _wrong_state(message: str) -> ApplicationError:
    return ApplicationError(message, type="wrong_state", non_retryable=True)
