"""A look-up that somebody at the desk asked for: read by a bot without effect, for a while and not for ever."""

import uuid
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.look import Look, ReadRecord, RecordRead
from activities.look_ups import Came, KeepLookUp, LookUps, LookUpState
from activities.people import Action, People, Verified, VerifyActor
from core.faults import OutsideWindow, RecordNotFound, SystemDown, SystemHeld
from handoff.lookups import LOOK_UPS
from systems.registry import SYSTEMS
from workflows import policies
from workflows.book import durably, locally
from workflows.doubt import code_of


class LookUpStart(BaseModel):
    """Which look-up, by whom for a handoff of which queue; `key` is what the bot is asked for."""

    model_config = ConfigDict(frozen=True)

    id: uuid.UUID
    by: uuid.UUID
    queue: str
    name: str
    key: str


@workflow.defn(name="LookUpWorkflow")
class LookUpWorkflow:
    """Reads the person's right anew, then the record; says meanwhile why it waits, and ends with a word either way."""

    @workflow.init
    def __init__(self, start: LookUpStart) -> None:
        self._start = start
        self._look_up = LOOK_UPS[start.name]
        self._actor = ""

    @workflow.run
    async def run(self, start: LookUpStart) -> str:
        """How it ended."""
        asked = VerifyActor(by=start.by, action=Action.PICK_UP, queue=start.queue)
        try:
            person: Verified = await locally(People.verify, asked)
        except ApplicationError as refused:
            return await self._keep(LookUpState.REFUSED, refused.type or "")
        self._actor = person.email
        until = workflow.now() + policies.LOOK_UP_PATIENCE
        longest = workflow.now() + policies.LOOK_UP_HELD_LONGEST
        while True:
            code = await self._read()
            if not code:
                return LookUpState.ANSWERED.value
            if code == RecordNotFound.code:
                return await self._keep(LookUpState.UNKNOWN_THERE, code)
            held = code == SystemHeld.code
            if held:  # nothing is asked of it meanwhile: the patience counts from when it is back
                until = min(workflow.now() + policies.LOOK_UP_PATIENCE, longest)
            if code == OutsideWindow.code or workflow.now() >= until:
                return await self._keep(LookUpState.GIVEN_UP, code)
            await self._keep(LookUpState.WAITING, code)
            await workflow.sleep(policies.LOOK_UP_HELD_PAUSE if held else policies.LOOK_UP_PAUSE)

    async def _read(self) -> str:
        """Read it once; the code of what was in the way, or nothing when it is answered."""
        system = SYSTEMS[self._look_up.system]
        try:
            found: RecordRead = await workflow.execute_activity_method(
                Look.read_record,
                ReadRecord(system=system.name, what=self._look_up.what, key=self._start.key),
                task_queue=system.queue_of(),
                schedule_to_start_timeout=policies.LOOK_UP_START,
                start_to_close_timeout=policies.LOOK_TIMEOUT,
                heartbeat_timeout=policies.READ_HEARTBEAT,
                retry_policy=policies.READ_RETRY,
            )
        except ActivityError as error:
            return code_of(error, SystemDown.code)
        await self._keep(LookUpState.ANSWERED, answer=found.fields)
        return ""

    async def _keep(self, state: LookUpState, code: str = "", answer: dict[str, object] | None = None) -> str:
        at: datetime = workflow.now()
        came = Came(id=self._start.id, at=at, state=state, code=code, answer=answer)
        await durably(LookUps.keep, KeepLookUp(came=came, title=self._look_up.title, actor=self._actor or "baton"))
        return state.value
