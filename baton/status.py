"""`baton status`: in ten lines what runs, where the cases stand, what waits longest and what is wrong."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baton import endings, processes, wiring
from baton.data_folder import DataFolder
from baton.lines import Lines
from baton.seen import asked
from baton.seen.asked import Said
from console import words
from core import clock
from core.case import WaitsFor
from core.faults import Fault
from core.settings import Settings
from core.work_item import State
from fallbacks.expiry import due
from measures import stages
from measures.alarms import SILENT_SECONDS
from records import account_holds, bot_process, gap_look, health, operation_holds, overview, upkeep
from records import processes as carried
from records.account_holds import AccountHold
from records.database import Database, libpq_url
from records.gone import GoneProcess, ProcessKind
from records.health import Outage
from records.notice import NoticeState
from records.operation_holds import OperationHold

ALWAYS = ("postgres", "temporal", "console", "worker", "bots", "ticks")
"""Parts that every `baton up` has."""

SHOWN_WAITS = 3
SHOWN_TROUBLES = 4
REACHED_WITHIN = 1.0
OUTBOX_PATIENCE_SECONDS = 10


class PartState(BaseModel):
    """One part, whether it runs (its process lives, or its address answers), and why not where that is known."""

    model_config = ConfigDict(frozen=True)

    name: str
    runs: bool
    why: str = ""


class LongWait(BaseModel):
    """A case that waits, since when, and the sentence that its page shows."""

    model_config = ConfigDict(frozen=True)

    case: str
    kind: WaitsFor
    since: datetime
    until: datetime | None
    mover: str
    sentence: str


class Report(BaseModel):
    """Everything `baton status` says; `wrong` holds sentences, the worst first; `said` is each part of itself."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    parts: list[PartState] = Field(default_factory=list)
    open: int = 0
    closed: int = 0
    stages: dict[str, int] = Field(default_factory=dict)
    waits: list[LongWait] = Field(default_factory=list)
    wrong: list[str] = Field(default_factory=list)
    said: list[Said] = Field(default_factory=list)


def status(settings: Settings, environment: Mapping[str, str], *, as_json: bool = False) -> int:
    """Print the report; the exit status is 0 when the records could be read, whatever they say."""
    report, read = asyncio.run(look(settings, environment))
    if as_json:
        print(json.dumps(report.model_dump(mode="json"), indent=1))
    else:
        told(report).show()
    return 0 if read else 1


async def look(settings: Settings, environment: Mapping[str, str]) -> tuple[Report, bool]:
    """The report, and whether the records could be read; reads only."""
    now = clock.now()
    parts = await find_parts(settings, environment)
    said, around = await asyncio.gather(asked.parts(settings, environment), asked.surroundings(settings, environment))
    gone = [part.name for part in parts if not part.runs]
    by_cause = sorted((part for part in parts if not part.runs), key=lambda part: not part.why)
    down = [part.why or f"{part.name} does not run" for part in by_cause]
    down += [*asked.sentences([one for one in said if one.part not in gone]), *around]
    if not settings.database_url:
        nothing = "Nothing runs on this data folder, and BATON_DATABASE_URL is not set: start it with `baton up`."
        return Report(at=now, parts=parts, wrong=[nothing]), False
    database = Database(settings.database_url, pool_size=1)
    try:
        report = await _read(database, now, parts, down, settings.console_url.rstrip("/"))
        wrong = [*report.wrong, *await _expiring(settings, now)]
        return report.model_copy(update={"wrong": wrong, "said": said}), True
    except (DBAPIError, PoolTimeout, OSError):
        away = "PostgreSQL does not answer or holds no Baton: see `baton check`."
        return Report(at=now, parts=parts, wrong=[away, *down], said=said), False
    finally:
        await database.close()


async def _read(database: Database, now: datetime, parts: list[PartState], down: list[str], console: str) -> Report:
    async with database.session() as session:
        counts = await stages.cases_by_stage(session)
        waiting = await overview.longest_waits(session, SHOWN_WAITS)
        troubles = await overview.item_troubles(session)
        mails = await overview.mail_troubles(session, now)
        late = await overview.overdue_handoffs(session, now)
        outbox = await upkeep.outbox_age(session)
        silent = await bot_process.silent(session, SILENT_SECONDS)
        held = await account_holds.open_holds(session)
        lines = await operation_holds.lines(session)
        out = await health.open_outages(session)
        gaps = await gap_look.standing(session)
        gone = await carried.gone(session)
    by_stage: dict[str, int] = {}
    for count in counts:
        by_stage[count.stage.value] = by_stage.get(count.stage.value, 0) + count.cases
    closed = by_stage.get("closed", 0)
    wrong = [*down, *_outbox(outbox, now), *(_held(one, console) for one in held), *(_silent(one) for one in silent)]
    wrong += [_line(hold, waiting, console) for hold, waiting in lines if hold.outage_id is None]
    behind = {hold.outage_id: waiting for hold, waiting in lines}
    wrong = [*(_out(one, behind.get(one.id, 0), now) for one in out), *wrong]
    since_restore = [f"The {words.system(system)} ({where}): {gap.sentence}" for (system, where), gap in gaps.items()]
    wrong = [*since_restore, *_gone(gone, console), *wrong]
    wrong += [_item(trouble) for trouble in troubles]
    wrong += [f"{late} handoff{'s are' if late > 1 else ' is'} past the due time"] if late else []
    wrong += [_mail(trouble, now) for trouble in mails]
    return Report(
        at=now,
        parts=parts,
        open=sum(by_stage.values()) - closed,
        closed=closed,
        stages=by_stage,
        waits=[
            LongWait(case=one.number, sentence=one.wait.sentence(), **one.wait.model_dump(exclude={"about"}))
            for one in waiting
        ],
        wrong=wrong,
    )


def _outbox(age: upkeep.OutboxAge, now: datetime) -> list[str]:
    if age.oldest is None or (now - age.oldest).total_seconds() < OUTBOX_PATIENCE_SECONDS:
        return []
    since = words.lasting(now - age.oldest)
    waiting = f"{age.waiting} accepted cases, answers and acts wait for Temporal"
    return [f"{waiting}, the oldest for {since}. {age.reason}".strip()]


def _gone(gone: list[GoneProcess], console: str) -> list[str]:
    """What nothing carries any more: none of it moves until somebody says so."""
    if not gone:
        return []
    first, more = gone[0], len(gone) - 1
    what = f"{first.label} and {more} more are" if more else f"{first.label} is"
    ref = "--all" if more else first.label if first.kind is ProcessKind.CASE else first.workflow_id
    how = f"`baton recover {ref} --reason ...`, or {console}/recoveries"
    return [f"{what} gone at Temporal ({first.what.replace('_', ' ')}) until somebody begins it anew: {how}"]


def _held(one: AccountHold, console: str) -> str:
    tries = f"`baton secrets test {one.credential}`, or {console}/accounts"
    return f"Account {one.who} is held ({one.code}): renew it, then try it: {tries}"


def _out(one: Outage, waiting: int, now: datetime) -> str:
    """A way that is out: since when, why, who waits for it."""
    since = words.lasting(now - one.began_at)
    why = f"{one.by} took it out of use: {one.why}" if one.isolated else words.fault(one.code)
    return (
        f"The {words.system(one.system)} ({one.environment}, {one.route}) is out for {since}, {waiting} in line: {why}"
    )


def _line(hold: OperationHold, waiting: int, console: str) -> str:
    what = f"{words.operation(hold.system, hold.operation)} on the {words.system(hold.system)}"
    return (
        f"{what} is held, {waiting} in line: {hold.threshold} failed in a row, see {console}/failures/{hold.group_id}"
    )


async def _expiring(settings: Settings, now: datetime) -> list[str]:
    try:
        known = await wiring.secrets(settings).known()
    except Fault as fault:
        return [fault.sentence(), *endings.found(settings, []).sentences(now)]
    ends = endings.found(settings, known)
    without = [] if settings.demo else ends.nobody_knows()  # what a demo prints ends never
    return [*due(known, now), *ends.sentences(now), *without]


def _silent(one: bot_process.Silent) -> str:
    since = words.lasting(timedelta(seconds=one.seconds))
    return f"The bot process {one.pid} on {one.host} is gone or silent for {since}; others take its entries over"


def _item(trouble: overview.Trouble) -> str:
    where = words.system(trouble.system)
    if trouble.state is State.UNKNOWN:
        return f"{trouble.count} on the {where}: may have been entered, waiting for a look"
    reason = words.fault(trouble.code) if trouble.code else words.humanised(trouble.state.value)
    return f"{trouble.count} on the {where} need a person: {reason}"


def _mail(trouble: overview.MailTrouble, now: datetime) -> str:
    said = {
        NoticeState.UNKNOWN: "may have been sent; nobody has seen whether",
        NoticeState.REFUSED: "refused by the mail server or without an address",
    }
    stuck = f"on their way, the oldest for {words.lasting(now - trouble.oldest)}"
    return f"{trouble.count} mails: {said.get(trouble.state, stuck)}"


async def find_parts(settings: Settings, environment: Mapping[str, str]) -> list[PartState]:
    """The parts of a running `baton up`; without one, the addresses of the environment and whether they answer."""
    recorded = await asyncio.to_thread(_recorded, DataFolder(settings.data_dir).record)
    if recorded:
        return recorded
    wanted = {
        "PostgreSQL": libpq_url(settings.database_url) if settings.database_url else "",
        "Temporal": f"temporal://{environment['TEMPORAL_ADDRESS']}" if environment.get("TEMPORAL_ADDRESS") else "",
        "console": settings.console_url if "BATON_CONSOLE_URL" in environment else "",
        "order desk": settings.orderdesk_url,
        "service desk": settings.servicedesk_url,
        "dispatch board": settings.fieldboard_url,
        "mail": settings.smtp_url,
    }
    addresses = {name: url for name, url in wanted.items() if url}
    answers = await asyncio.gather(*(_answers(url) for url in addresses.values()))
    return [PartState(name=name, runs=runs) for name, runs in zip(addresses, answers, strict=True)]


def _recorded(path: Path) -> list[PartState]:
    """The parts of the supervisor's record and whether their processes live; a part between two lives is missing."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        found = {name: processes.is_same(processes.Identity(**who)) for name, who in record["parts"].items()}
        why = dict(record.get("stopped", {}))
    except (OSError, ValueError, KeyError, TypeError):
        return []
    if not any(found.values()):
        return []
    all_parts = {**dict.fromkeys([*ALWAYS, *why], False), **found}
    return [PartState(name=name, runs=runs, why=why.get(name, "")) for name, runs in all_parts.items()]


async def _answers(url: str) -> bool:
    address = urlsplit(url)
    port = address.port or {"https": 443, "http": 80, "postgresql": 5432, "smtps": 465}.get(address.scheme, 25)
    try:
        async with asyncio.timeout(REACHED_WITHIN):
            _, writer = await asyncio.open_connection(address.hostname, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def told(report: Report) -> Lines:
    """The report in at most ten lines."""
    lines = Lines()
    running = [part.name for part in report.parts if part.runs]
    lines.add("Runs", ", ".join(running) or "nothing that can be seen from here", "good" if running else "bad")
    lines.add("Cases", f"{report.open} open, {report.closed} closed")
    standing = [(stage, number) for stage, number in report.stages.items() if stage != "closed"]
    lines.add("Stages", ", ".join(f"{words.humanised(stage).lower()} {number}" for stage, number in standing) or "-")
    for wait in report.waits:
        lines.add("Waits", f"{wait.case} for {words.lasting(report.at - wait.since)}: {wait.sentence}")
    shown = report.wrong if len(report.wrong) <= SHOWN_TROUBLES else report.wrong[: SHOWN_TROUBLES - 1]
    for sentence in shown:
        lines.add("Wrong", sentence, "bad")
    if len(shown) < len(report.wrong):
        lines.add("Wrong", f"and {len(report.wrong) - len(shown)} more: see them with --json or in the console", "bad")
    if not report.wrong:
        lines.add("Wrong", "nothing", "good")
    return lines
