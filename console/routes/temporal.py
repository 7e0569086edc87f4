"""The door to one workflow's page in the Temporal UI, which says when its history is no longer kept."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response
from temporalio.service import RPCError, RPCStatusCode

from console.access import OpensTemporal, Parts
from console.problems import Problem, not_found
from console.temporal_links import TemporalLinks

router = APIRouter()

ANSWER_WITHIN = timedelta(seconds=2)


@router.get("/temporal/{workflow_id:path}")
async def workflow(parts: Parts, _: OpensTemporal, workflow_id: str, run: str = "") -> Response:
    """Lead there; 410 with a sentence when Temporal has no such history any more."""
    links = TemporalLinks(parts.settings.temporal_ui_url, parts.temporal.namespace)
    if not links:
        raise not_found("The address of a Temporal UI")
    try:
        await parts.temporal.get_workflow_handle(workflow_id, run_id=run or None).describe(rpc_timeout=ANSWER_WITHIN)
    except RPCError as fault:
        if fault.status is RPCStatusCode.NOT_FOUND:
            raise Problem(
                410,
                "history_over",
                "Temporal has no history of this any more, or has not begun it yet.",
                kept="What happened stands on its timeline in Baton, which is the record.",
                todo="Temporal keeps closed histories for as long as its namespace says.",
            ) from None
    except RuntimeError:
        pass  # Temporal is away: the UI says so better than we can
    return RedirectResponse(links.workflow(workflow_id, run), 303)
