"""One sign-in that a person asked for, made by the bots' process; its id is the account's: two clicks are one try."""

import uuid

from pydantic import BaseModel, ConfigDict
from temporalio import exceptions, workflow
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType

from activities.people import Action, People, Verified, VerifyActor
from activities.sign_in import SignIn, Tried, TryAccount
from systems.registry import SYSTEMS
from workflows.book import locally
from workflows.policies import ONCE, TRIAL_TIMEOUT, TRIAL_WAIT

NOBODY_TOOK_IT = "No bot process took it within a minute, so nothing was tried. See `baton status`."
NOBODY_SAW_IT = "The bot process did not say what came of it. Look at the account before you try again."


class AskTrial(BaseModel):
    """Which account, by whom; `key` is the form's."""

    model_config = ConfigDict(frozen=True)

    system: str
    environment: str
    route: str
    account: str
    by: uuid.UUID
    key: str


@workflow.defn
class AccountTrialWorkflow:
    """Reads the person's right anew, has one sign-in made, and says what came of it; nothing is ever tried again."""

    @workflow.run
    async def run(self, asked: AskTrial) -> Tried:
        """What came of it, as a sentence."""
        try:
            person: Verified = await locally(People.verify, VerifyActor(by=asked.by, action=Action.MIND_ACCOUNTS))
            wanted = TryAccount(**{**asked.model_dump(), "by": person.email})
            tried: Tried = await workflow.execute_activity_method(
                SignIn.try_sign_in,
                wanted,
                task_queue=SYSTEMS[asked.system].queue_of(asked.environment),
                schedule_to_start_timeout=TRIAL_WAIT,
                start_to_close_timeout=TRIAL_TIMEOUT,
                retry_policy=ONCE,
            )
        except ApplicationError as refused:
            return Tried(works=False, code=refused.type or "", sentence=refused.message)
        except ActivityError as error:
            late = (
                isinstance(error.cause, exceptions.TimeoutError) and error.cause.type is TimeoutType.SCHEDULE_TO_START
            )
            return Tried(works=False, code="", sentence=NOBODY_TOOK_IT if late else NOBODY_SAW_IT)
        return tried
