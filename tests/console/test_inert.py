"""Captured content is inert wherever it is shown: hostile texts in every field that a screen can fill, in a browser."""

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from baton import case_sheet
from baton.lines import Lines
from console.intake_file import write
from console.navigation import ENTRIES
from core.inert import visible, visible_line
from fallbacks.mail import Mail
from handoff.messages import for_resolution
from handoff.resolution import Reschedule
from records import account_trials, dossier, evidence_store
from records.account_holds import AccountHold
from records.case import Case
from records.handoff import Handoff
from records.notice import Notice
from records.trail import Decision, Event, Evidence
from records.work_item import Attempt, WorkItem, WorkItemRevision
from tests.console.conftest import ADDRESS, NOW, Console
from tests.console.test_in_a_browser import sign_in
from tests.support.cast_of_cases import Cast

PAYLOADS = [
    "<script>alert('HIT')</script>",
    "</script><script>alert('HIT')</script>",
    "<img src=x onerror=alert('HIT') data-hit>",
    "<svg/onload=alert('HIT') data-hit>",
    "<svg><script href='data:,alert(1)' data-hit /></svg>",
    "<iframe srcdoc='<script>parent.alert(1)</script>' data-hit></iframe>",
    "<object data='javascript:alert(1)' data-hit></object>",
    "<embed src='/hit' data-hit>",
    "<link rel=stylesheet href='/hit' data-hit>",
    "<style data-hit>@import '/hit'; body{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=/hit' data-hit>",
    "<base href='http://evil.example/' data-hit>",
    "<form action='/hit' data-hit><input name=csrf autofocus onfocus=alert(1)></form>",
    "<details open ontoggle=alert('HIT') data-hit>",
    "<video src=/hit onerror=alert('HIT') data-hit></video>",
    "\"><img src=/hit onerror=alert('HIT') data-hit>",
    "' onmouseover='alert(1)' data-hit x='",
    '" autofocus onfocus="alert(\'HIT\')" data-hit="',
    "</textarea><img src=/hit data-hit>",
    "</title><script>alert('HIT')</script>",
    "<!--<img src='--><img src=/hit onerror=alert(1) data-hit>",
    "{{7*7}}${7*7}#{7*7}<%= 7*7 %>",
    "<div hx-get='/hit' hx-trigger='load' data-hit></div>",
    "<div hx-on:load=\"alert('HIT')\" data-hit></div>",
    "<a href='javascript:alert(1)' data-hit>order</a>",
    "javascript:alert('HIT')",
    "data:text/html,<script>alert(1)</script>",
    "\u202egnp.exe\u202c\u2066hidden\u2069\u200b",
    "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b0m\r\nCase  FD-000000, closed\x08\x08",
]
TEXT = f"javascript:alert('HIT') SEEN {' '.join(PAYLOADS)}"
CAPTURED: dict[type[Any], tuple[str, ...]] = {
    Case: ("customer_no", "customer_name", "ticket_no", "cause", "outcome", "wait_about", "wait_mover"),
    WorkItem: ("before", "wanted", "seen", "result", "differences", "confirmation", "target_key"),
    WorkItemRevision: ("why",),
    Attempt: ("confirmation", "detail", "step", "steps", "account", "host", "bot_version"),
    Event: ("data",),
    Decision: ("inputs", "verdict"),
    Notice: ("recipient", "subject", "body", "code"),
    Handoff: ("why",),
}
"""What a system's screens, a customer or a carrier can put words into, by table."""
PACKET = ("happened", "cause", "cause_reason", "promised", "missing", "next_best_step", "ticket", "order")


def hostile(value: Any) -> Any:
    """The same shape, with every text replaced."""
    if isinstance(value, dict):
        return {name: hostile(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [hostile(inner) for inner in value]
    return value if isinstance(value, int | float) else TEXT


async def poison(console: Console, folder: Path) -> None:
    """Put the hostile text into every captured field of every row, and into every text that evidence holds."""
    async with console.database.session() as session:
        for table, names in CAPTURED.items():
            for row in (await session.exec(select(table))).all():
                for name in names:
                    empty = {"x": "y"} if name in ("before", "wanted", "seen", "result") else ""
                    setattr(row, name, hostile(empty if getattr(row, name) is None else getattr(row, name)))
                if table is Handoff:
                    customer = {**row.packet["customer"], **dict.fromkeys(("name", "phone", "email", "tier"), TEXT)}
                    row.packet |= {"customer": customer, "missing": [TEXT], "order": {"name": TEXT, TEXT: TEXT}}
                    row.packet |= {name: TEXT for name in PACKET if name not in ("missing", "order")}
                    flag_modified(row, "packet")
        for piece in (await session.exec(select(Evidence).where(Evidence.kind == "snapshot"))).all():
            data = TEXT.encode()
            (folder / "evidence" / piece.path).write_bytes(data)
            piece.size, piece.sha256 = len(data), hashlib.sha256(data).hexdigest()


async def masked(session: AsyncSession, console: Console, item: WorkItem) -> Evidence:
    """A picture of the item with hostile text under its masks."""
    found = select(Evidence).where(Evidence.item_id == item.id, Evidence.kind == "screenshot")
    picture = (await session.exec(found)).first()
    assert picture is not None
    hidden = [{"name": TEXT, "text": TEXT, "place": [10, 10, 60, 16]}]
    whose = {"case_id": item.case_id, "item_id": item.id, "attempt_id": picture.attempt_id}
    path, data = f"{item.id}-sealed.json", json.dumps(hidden).encode()
    (console.parts.settings.data_dir / "evidence" / path).write_bytes(data)
    columns = {"kind": "sealed", "taken": picture.taken, "at": NOW, "of": picture.id, "data_class": "personal"}
    session.add(evidence_store.reference(path, data, **columns, **whose))
    picture.masked = 1
    return picture


async def held(session: AsyncSession, attempt_id: uuid.UUID) -> None:
    """An account that is held since a try, and was tried by hand, with what came of it in the system's words."""
    await account_trials.note(session, NOW, TEXT, TEXT, works=False, code=TEXT, sentence=TEXT)
    hold = AccountHold(system="orderdesk", environment="gone", account=TEXT, credential=TEXT, code=TEXT, since=NOW)
    hold.attempt_id = attempt_id
    session.add(hold)


async def visit(page: Page, address: str, paths: list[str]) -> list[str]:
    """Open each page and say what came alive on it, or what did not open."""
    alive: list[str] = []
    page.on("dialog", lambda dialog: alive.append(f"dialog {dialog.message}"))
    page.on("pageerror", lambda error: alive.append(f"error {error}"))
    page.on("console", lambda said: alive.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda asked: alive.append(asked.url) if "/hit" in asked.url or "evil" in asked.url else None)
    for path in paths:
        answer = await page.goto(address + path)
        await page.wait_for_function("document.readyState === 'complete'")
        assert answer is not None
        alive += [] if answer.status == 200 else [f"{path}: {answer.status}"]
        made = await page.evaluate(
            "document.querySelectorAll('[data-hit], script:not([src]), [href^=javascript]').length"
        )
        alive += [f"{path}: {made} elements"] if made else []
    return alive


@pytest.mark.failure_mode("F59")
async def test_no_captured_text_comes_alive_in_the_console(
    console: Console, screen: Browser, address: str, cast: Cast, tmp_path: Path
) -> None:
    """F59: 29 payloads in every captured field, on every page that shows one: none is executed or becomes markup."""
    await poison(console, tmp_path)
    context = await screen.new_context()
    page = await sign_in(context, address, "supervisor")
    numbers = [cast.closed, cast.refused, cast.unknown, cast.picked_up, cast.offered, cast.correction, cast.proposed]
    async with console.database.session() as session:
        kept = (await session.exec(select(Evidence).where(Evidence.kind == "snapshot"))).all()
        refused = (await session.exec(select(WorkItem).where(WorkItem.code == "conflict"))).one()
        tries = (await session.exec(select(Attempt.id).where(Attempt.item_id == refused.id))).all()
        picture = await masked(session, console, refused)
        await held(session, tries[0])
    acts = [f"/items/{refused.id}/{noun}" for noun in ("corrections", "hand-entries", "discards")]
    places = [
        "/cases?which=all",
        *(entry.path for entry in ENTRIES),
        *(f"/cases/{number}" for number in numbers),
        *acts,
        *(f"/tries/{number}" for number in tries),
        f"/tries/{tries[0]}?screen=1",
        f"/evidence/{picture.id}/reveals",
    ]

    alive = await visit(page, address, [*places, f"/evidence/{kept[0].id}"])
    shown = await page.locator("body").inner_text()
    await page.goto(f"{address}/cases/{cast.refused}")
    case = await page.locator("body").inner_text()
    await page.goto(f"{address}/evidence/{picture.id}/reveals")
    await page.get_by_label("Why you need to see it").fill("is it inert")
    await page.get_by_role("button", name="Reveal").click()
    await page.get_by_role("heading", name="What stood under the masks").wait_for()
    revealed = await page.locator("body").inner_text()
    alive += await page.evaluate("[...document.querySelectorAll('[data-hit]')].map(made => made.outerHTML)")
    await context.close()

    assert alive == []
    assert "SEEN" in shown
    assert "SEEN" in revealed
    assert case.count("SEEN") > 5
    assert "[U+202E]gnp.exe" in case
    assert "\u202e" not in case


async def test_evidence_is_shown_in_a_sandbox(console: Console, screen: Browser, address: str, cast: Cast) -> None:
    """A snapshot is plain text that is not sniffed, and its page may run, load and submit nothing."""
    context = await screen.new_context()
    page = await sign_in(context, address, "supervisor")
    async with console.database.session() as session:
        kept = (await session.exec(select(Evidence).where(Evidence.kind == "snapshot"))).all()

    answer = await page.goto(f"{address}/evidence/{kept[0].id}")
    assert answer is not None
    headers = await answer.all_headers()
    await context.close()

    assert headers["content-type"].startswith("text/plain")
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.failure_mode("F59")
async def test_no_captured_text_commands_a_terminal(console: Console, cast: Cast, tmp_path: Path) -> None:
    """`baton case` shows controls and turned text by their names, each on its own line; its JSON escapes them."""
    await poison(console, tmp_path)
    async with console.database.session() as session:
        (case,) = await dossier.find(session, cast.refused)
        read = await dossier.read(session, case)

    plain = case_sheet.told(read, ADDRESS, NOW).plain()
    data = json.dumps(case_sheet.as_data(read, ADDRESS))

    assert plain.count("\u241b]0;owned") > 3
    assert not [sign for sign in plain if sign != "\n" and visible_line(sign) != sign]
    assert not [line for line in plain.split("\n") if line.startswith("Case  FD-000000")]
    assert not [sign for sign in data if visible(sign) != sign]


def test_what_a_line_quotes_stays_on_its_line() -> None:
    """A label and a sentence with breaks and colours in them are two lines and no more."""
    lines = Lines()

    lines.add("Name\nCase", "a\r\nb\x1b[31m")
    lines.add("Next", "c")

    assert lines.plain().count("\n") == 1
    assert "\x1b" not in lines.plain()


def test_a_mail_shows_what_its_texts_hide() -> None:
    """A customer's name with breaks, turned text and controls adds neither lines nor headers to a mail."""
    choice = Reschedule.model_validate({"delivery_date": "2026-12-01", "window_code": "1"})
    text = for_resolution(choice, name="Ann\n\nYour account is blocked\u202e", order_no="1", case_number="FD-1")
    assert text is not None
    mail = Mail(
        sender="a@example.org",
        recipient="b@example.org",
        subject=f"{text.subject}\r\nBcc: c@example.org\u202e",
        body=text.body,
        message_id="<1@example.org>",
        date=NOW,
    ).message()

    assert mail["Bcc"] is None
    assert "\u202e" not in mail["Subject"]
    assert "\u202e" not in mail.get_content()
    assert "Dear Ann\u240a\u240aYour account is blocked" in mail.get_content()


def test_no_captured_text_is_a_formula_in_an_export() -> None:
    """Cells that a spreadsheet would run are neutral in the file of bad rows, the reason's among them."""
    formulas = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://evil.example")']

    data = write(formulas, ",", [(formulas, formula) for formula in formulas]).decode("utf-8-sig")

    assert not [
        cell for cell in data.replace("\r\n", ",").split(",") if cell.strip('"')[:1] in ("=", "+", "-", "@", "\t")
    ]
