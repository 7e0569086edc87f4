"""The page behind a mailed link: a customer, depot or carrier answers one question, once, without signing in."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from console.access import Anybody, Parts
from console.collaborators import Collaborators
from console.kept import KeepsTyped
from console.pages import page
from console.strangers import Strangers, place_of
from core.inert import file_name
from records import attachments, evidence_store, questions
from records.attachments import NewFile, Origin, StoreAway
from records.case import Case
from records.handoff import HandoffQuestion, QuestionState
from records.questions import Given

router = APIRouter(prefix="/answers", route_class=KeepsTyped)

LONGEST = 4000
MOST_FILES = 3
LARGEST_FILE = 5 * 1024 * 1024
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-")
_FAMILIES = (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypavif", b"WEBP")
"""What phones make besides JPEG: told by bytes 4 to 12 (HEIC, AVIF) or 8 to 12 (WebP)."""


@router.get("/{token}")
async def form(request: Request, parts: Parts, _person: Anybody, token: str, sent: bool = False) -> Response:
    """The question, or what has become of it."""
    question, number = await _found(request, parts, token)
    return _draw(request, parts, question, number, sent=sent)


@router.post("/{token}")
async def create(
    request: Request,
    parts: Parts,
    _person: Anybody,
    token: str,
    text: Annotated[str, Form()] = "",
    files: Annotated[Sequence[UploadFile], File()] = (),
) -> Response:
    """Keep the answer, once; what is wrong with it is said, and no word that was typed is lost."""
    question, number = await _found(request, parts, token)
    if question is None or questions.standing(question, parts.clock()) is not QuestionState.OPEN:
        return _draw(request, parts, question, number)
    sent = [NewFile(name=file_name(one.filename), data=await one.read()) for one in files if one.filename]
    trouble = _trouble(text.strip(), sent)
    if not trouble:
        trouble = await _keep(parts, question, token, text.strip(), sent)
    if trouble:
        return _draw(request, parts, question, number, error=trouble, text=text)
    return RedirectResponse(f"/answers/{token}?sent=true", 303)


async def _found(request: Request, parts: Collaborators, token: str) -> tuple[HandoffQuestion | None, str]:
    """The question and its case's number. Who tries links that are nobody's is slowed."""
    strangers: Strangers = request.app.state.strangers
    place = place_of(request)
    await strangers.refuse_if_many(place)
    async with parts.database.session() as session:
        question = await questions.by_token(session, token)
        if question is not None:
            return question, (await session.get_one(Case, question.case_id)).number
    await strangers.count(place)
    return None, ""


async def _keep(parts: Collaborators, question: HandoffQuestion, token: str, text: str, sent: Sequence[NewFile]) -> str:
    """Why the answer could not be kept; "" when it was, or when another one came first."""
    now = parts.clock()
    origin = Origin(folder=f"answers/{question.id}", taken="answer", case_id=question.case_id, at=now)
    try:
        rows = await attachments.put_all(parts.evidence, origin, sent)
    except StoreAway:
        return "Your photos cannot be kept at the moment. Please try again in a minute, or send the text alone."
    given = Given(text=text or "(no text)", attachments=tuple(attachments.listed(sent, rows)))
    async with parts.database.session() as session:
        if await questions.answer(session, token, given, now) is QuestionState.OPEN:
            await evidence_store.keep(session, *rows)
    return ""


def _trouble(text: str, sent: Sequence[NewFile]) -> str:
    if not text and not sent:
        return "Please write an answer, or add a photo."
    if len(text) > LONGEST:
        return f"Please write at most {LONGEST:,} characters; these are {len(text):,}."
    if len(sent) > MOST_FILES:
        return f"Please add at most {MOST_FILES} files."
    for one in sent:
        if len(one.data) > LARGEST_FILE:
            return f"{one.name} is larger than {LARGEST_FILE // 1024 // 1024} MB. Please send a smaller one."
        if not one.data.startswith(_STARTS) and not any(family in one.data[4:12] for family in _FAMILIES):
            return f"{one.name} is neither a photo nor a PDF file, and only those can be sent here."
    return ""


def _draw(
    request: Request,
    parts: Collaborators,
    question: HandoffQuestion | None,
    number: str,
    *,
    sent: bool = False,
    error: str = "",
    text: str = "",
) -> Response:
    """The page as a stranger may see it: the question and the reference, nothing else of the case."""
    standing = questions.standing(question, parts.clock()).value if question is not None else "none"
    status = 404 if question is None else 422 if error else 200
    return page(
        request,
        "answers/answer.html",
        status=status,
        person=None,
        question=question,
        number=number,
        standing=standing,
        company=parts.settings.company,
        sent=sent,
        error=error,
        text=text,
        most=MOST_FILES,
        longest=LONGEST,
    )
