"""A try of an account: exactly one sign-in, made by the bots' process; pressed twice it is still one."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from activities.sign_in import Tried
from console.access import MindsAccounts, Parts
from console.collaborators import Collaborators
from console.forms import new_key, typed
from console.kept import KeepsTyped
from console.pages import go
from console.problems import not_found, temporal_away
from systems.registry import SYSTEMS
from workflows.account_trial import AccountTrialWorkflow, AskTrial
from workflows.acts import QUEUE
from workflows.policies import TRIAL_TIMEOUT, TRIAL_WAIT

router = APIRouter(prefix="/accounts/{system}/{environment}/{route}/{account}/trials", route_class=KeepsTyped)

PATIENCE_SECONDS = 20
"""A person waits no longer for the answer; the try goes on, and the page shows what came of it."""
LONGEST = TRIAL_WAIT + TRIAL_TIMEOUT + timedelta(minutes=1)
NOT_YET = "It is being tried. Load this page again in a moment: what came of it stands beside the account."


@dataclass(frozen=True)
class Chosen:
    """The account that the address names."""

    system: str
    environment: str
    route: str
    account: str


Wanted = Annotated[Chosen, Depends(Chosen)]


@router.post("")
async def create(request: Request, parts: Parts, person: MindsAccounts, chosen: Wanted) -> Response:
    """Have one sign-in made, and say what came of it."""
    if not _is_one(parts, chosen):
        raise not_found("This account")
    key = (await typed(request)).get("key") or new_key()
    tried = await _try(parts, AskTrial(**asdict(chosen), by=person.id, key=f"{chosen.account}/{key}"))
    if tried is None:
        return go("/accounts", f"{chosen.account}: {NOT_YET}", "note")
    return go("/accounts", f"{chosen.account}: {told(tried)}", "good" if tried.works else "bad")


def told(tried: Tried) -> str:
    """What came of it, as a sentence."""
    if not tried.works:
        return tried.sentence
    ended = " Its hold has ended; waiting work goes on within five minutes." if tried.cleared else ""
    return f"The sign-in worked.{ended}"


def _is_one(parts: Collaborators, chosen: Chosen) -> bool:
    return any(
        (place.system, place.name) == (chosen.system, chosen.environment)
        and chosen.route in SYSTEMS[place.system].routes
        and chosen.account in place.sign_ins_of(SYSTEMS[place.system], chosen.route)
        for place in parts.places()
    )


async def _try(parts: Collaborators, asked: AskTrial) -> Tried | None:
    """What came of it; None when that takes longer than a person waits. Raises Problem while Temporal is away."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            handle: WorkflowHandle[AccountTrialWorkflow, Tried] = await parts.temporal.start_workflow(
                AccountTrialWorkflow.run,
                asked,
                id=f"account/{asked.system}/{asked.environment}/{asked.account}",
                task_queue=QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                execution_timeout=LONGEST,
            )
            return await handle.result()
    except TimeoutError:
        return None
    except WorkflowFailureError:
        return Tried(works=False, sentence="The try was ended from outside Baton before anything was known.")
    except (RPCError, RuntimeError) as trouble:  # RuntimeError: a lazily connected client while nobody listens
        raise temporal_away() from trouble
