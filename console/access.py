"""The guard before each route: every one declares what it needs, and a route that declares nothing fails a test."""

from typing import Annotated

from fastapi import Depends, Request

from console import words
from console.collaborators import Collaborators
from console.problems import Problem
from records import access, health, tellings
from records.access import Action, Person

COOKIE = "baton_session"


def collaborators(request: Request) -> Collaborators:
    """What the app was made with."""
    found: Collaborators = request.app.state.collaborators
    return found


Parts = Annotated[Collaborators, Depends(collaborators)]
"""Write `parts: Parts` in a route that needs records, Temporal, evidence, settings or the clock."""


class Needs:
    """A route's declared permission: `person: Annotated[Person, Depends(Needs(Action.SEE_CASES))]`.

    Nobody signed in: 401, or the sign-in page. The wrong role: 403 with a sentence that says who may.
    """

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(self, request: Request) -> Person:
        """The person, once it is sure that they may."""
        person = await identify(request)
        if person is None:
            raise Problem(401, "not_signed_in", "Please sign in first.").with_headers({"WWW-Authenticate": "Bearer"})
        if not person.may(self.action):
            raise Problem(
                403,
                "not_allowed",
                f"Your role, {words.ROLES[person.role]}, does not allow this.",
                kept="Nothing was changed.",
                todo="Ask somebody with the right role, or IT to change yours.",
            )
        return person


class Open:
    """Declares that a route is meant for everybody, signed in or not."""

    async def __call__(self, request: Request) -> Person | None:
        """The person, if somebody is signed in."""
        return await identify(request)


async def identify(request: Request) -> Person | None:
    """Who asks: by bearer token when there is one (and then by nothing else), or by the session's cookie."""
    token, kind = bearer(request), "token"
    if token is None:
        token, kind = request.cookies.get(COOKIE), "browser"
    if not token:
        return None
    parts = collaborators(request)
    async with parts.database.session() as session:
        person = await access.person_of(session, token, parts.clock(), kind=kind)
        if person is not None and kind == "browser":
            request.state.unread = await tellings.unread(session, person.email)
            request.state.outages = await health.open_outages(session)
    request.state.person = person
    return person


def bearer(request: Request) -> str | None:
    """The token of an `Authorization: Bearer` header."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


SignedIn = Annotated[Person, Depends(Needs(Action.SIGNED_IN))]
SeesCases = Annotated[Person, Depends(Needs(Action.SEE_CASES))]
StartsWork = Annotated[Person, Depends(Needs(Action.START_WORK))]
SeesDesk = Annotated[Person, Depends(Needs(Action.SEE_DESK))]
PlacesMail = Annotated[Person, Depends(Needs(Action.PLACE_MAIL))]
NotesOnCases = Annotated[Person, Depends(Needs(Action.NOTE_ON_CASE))]
PicksUp = Annotated[Person, Depends(Needs(Action.PICK_UP))]
MovesWork = Annotated[Person, Depends(Needs(Action.MOVE_WORK))]
Resolves = Annotated[Person, Depends(Needs(Action.RESOLVE))]
TiesCases = Annotated[Person, Depends(Needs(Action.TIE_CASES))]
ActsOnItems = Annotated[Person, Depends(Needs(Action.ACT_ON_ITEM))]
ReviewsProposals = Annotated[Person, Depends(Needs(Action.REVIEW_BOOKING))]
Reveals = Annotated[Person, Depends(Needs(Action.REVEAL_EVIDENCE))]
ReadsPayloads = Annotated[Person, Depends(Needs(Action.READ_PAYLOADS))]
OpensTemporal = Annotated[Person, Depends(Needs(Action.OPEN_TEMPORAL))]
SeesBoard = Annotated[Person, Depends(Needs(Action.SEE_BOARD))]
MindsQueues = Annotated[Person, Depends(Needs(Action.MIND_QUEUES))]
IsTold = Annotated[Person, Depends(Needs(Action.BE_TOLD))]
GivesFeedback = Annotated[Person, Depends(Needs(Action.GIVE_FEEDBACK))]
AnswersFeedback = Annotated[Person, Depends(Needs(Action.ANSWER_FEEDBACK))]
MindsAccounts = Annotated[Person, Depends(Needs(Action.MIND_ACCOUNTS))]
SeesFailures = Annotated[Person, Depends(Needs(Action.SEE_FAILURES))]
NotesOnFailures = Annotated[Person, Depends(Needs(Action.NOTE_ON_FAILURE))]
ReviewsFailures = Annotated[Person, Depends(Needs(Action.REVIEW_FAILURES))]
MindsChanges = Annotated[Person, Depends(Needs(Action.MIND_CHANGES))]
SeesSystems = Annotated[Person, Depends(Needs(Action.SEE_SYSTEMS))]
SteersSystems = Annotated[Person, Depends(Needs(Action.STEER_SYSTEMS))]
ActsInBulk = Annotated[Person, Depends(Needs(Action.ACT_IN_BULK))]
ApprovesBulk = Annotated[Person, Depends(Needs(Action.APPROVE_BULK))]
ApprovesFilled = Annotated[Person, Depends(Needs(Action.APPROVE_FILLED))]
RunsEarly = Annotated[Person, Depends(Needs(Action.RUN_OUTSIDE_WINDOW))]
CorrectsOrders = Annotated[Person, Depends(Needs(Action.CORRECT_ORDER))]
Anybody = Annotated[Person | None, Depends(Open())]
