"""A case whose history has become long goes on in another run, as one that was begun anew does: from its records."""

from collections.abc import Callable
from typing import NoReturn

from pydantic import BaseModel
from temporalio import workflow

PATCH = "long-cases-go-on-in-another-run"
"""Cases from before it take everything in one run, as they always did."""


class LongRun:
    """Whether a case has to go on in another run. Temporal ends a run of 51,200 events, and suggests it at 4,096.

    It goes on only while it does nothing but wait for a person: `rests` says whether nothing else is under way, `anew`
    what the next run begins with.
    """

    def __init__(self, anew: Callable[[], BaseModel], rests: Callable[[], bool] = lambda: True) -> None:
        self._anew = anew
        self._rests = rests

    def due(self) -> bool:
        """Now is the moment."""
        long = workflow.info().is_continue_as_new_suggested()
        return long and workflow.all_handlers_finished() and self._rests()

    def go_on(self) -> NoReturn:
        """End this run; whatever it has begun lives on, and the next run finds it."""
        workflow.continue_as_new(self._anew())
