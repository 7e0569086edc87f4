"""`baton drill`: an outage for real, on a stage of its own, and a report of what it did to the work in flight."""

import asyncio
import os
import signal
import time
import uuid
from pathlib import Path

from rich.console import Console

from baton.drill import modes
from baton.drill.entries import ENTRIES_EACH, NotDrilled, part_of
from baton.drill.play import Play, Wanted
from baton.drill.runner import ROW, Says, row_of
from baton.part_log import Terminal
from baton.sweep import cast as casting
from baton.sweep.command import INTERRUPTED, cores
from baton.sweep.records import Records
from baton.sweep.stage import SETTLE, TIMINGS, Manner, Stage, fresh_folder
from baton.up import TROUBLE
from records.drill import Report
from systems.drills import Mode

PAGE = 10.0
"""A page that takes longer counts as one that does not come: below what a slow system takes, and no hasty guess."""
PROBES = {"BATON_PROBE_SECONDS": "5", "BATON_PROBE_LONGEST_SECONDS": "30"}


def timings(mode: Mode) -> dict[str, str]:
    """The settings of the stage: a tenth of production's, and a settle window that is longer than the slowest save."""
    settle = modes.settle_seconds(mode, SETTLE)
    return {**TIMINGS, **PROBES, "BATON_SETTLE_SECONDS": str(settle), "BATON_PAGE_SECONDS": str(PAGE)}


async def run(wanted: Wanted, bots: int, says: Says) -> tuple[Report, Path]:
    """Bring everything up, play, and take it down again; the report, and the folder with all that happened.

    Raises NotDrilled before anything is started, and what `baton up` raises.
    """
    cast = casting.read()
    part, bots = part_of(cast, wanted.system), bots or min(4, max(2, cores()))
    await says("Starting PostgreSQL, Temporal, the demo systems, upkeep, worker and bots ...")
    folder, forget = fresh_folder("drill"), False
    with (folder / "drill.log").open("a", encoding="utf-8") as log:
        stage = Stage(folder, bots, Terminal(out=log), Manner(timings(wanted.mode)))
        keys = max(1, wanted.items // ENTRIES_EACH)
        records = Records(cast, [part.target], keys, stage.post)
        try:
            began = time.monotonic()
            await stage.start(records.seeds())
            await says(f"Everything is up after {time.monotonic() - began:.0f} s.")
            fresh = [await records.fresh(part.target) for _ in range(keys)]
            try:
                report = await Play(wanted, part, stage, says).play(fresh)
            finally:
                await stage.database.close()
        except (*TROUBLE, asyncio.CancelledError):
            forget = True
            raise
        else:
            forget = report.well
        finally:
            await asyncio.shield(stage.stop())
            if forget:
                stage.remove()
    return report, folder


async def drill(wanted: Wanted, json_file: Path | None, bots: int = 0) -> int:
    """Run it; 0 only when nothing was lost or entered twice, in order, and noticed in time."""
    screen = Console()

    async def says(sentence: str) -> None:
        screen.print(sentence, soft_wrap=True, markup=False)

    playing = asyncio.current_task()
    assert playing is not None
    for wish in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wish, playing.cancel)
    try:
        report, folder = await _reporting(wanted, bots, says)
    except NotDrilled as trouble:
        await says(str(trouble))
        return 2
    except TROUBLE as trouble:
        await says(f"It could not start: {trouble}")
        return 1
    except asyncio.CancelledError:
        await says("Stopped; nothing of it runs any more.")
        return INTERRUPTED
    await _keep(report, json_file)
    for line in told(report):
        await says(line)
    if not report.well:
        await says(f"What happened is kept in {folder}: logs, evidence, ledgers.")
    return 0 if report.well else 1


async def _reporting(wanted: Wanted, bots: int, says: Says) -> tuple[Report, Path]:
    """Play it; one that the console's page asked for is told there as well."""
    row = os.environ.pop(ROW, "")
    if not row:
        return await run(wanted, bots, says)
    async with row_of(os.environ["BATON_DATABASE_URL"], uuid.UUID(row), says) as kept:
        report, folder = await run(wanted, bots, kept.says)
        await kept.ended(report)
    return report, folder


async def _keep(report: Report, json_file: Path | None) -> None:
    if json_file is not None:
        await asyncio.to_thread(json_file.write_text, report.model_dump_json(indent=1) + "\n", encoding="utf-8")


def told(report: Report) -> list[str]:
    """The report in words, the troubles first."""
    noticed = (
        f"noticed after {report.detection_seconds:g} s and {report.failures_before_detection} failed tries"
        if report.detection_seconds is not None
        else "never noticed"
    )
    sums = (
        f"{report.items} entries for {report.keys} records, {report.system} {report.mode.value} for "
        f"{report.minutes:g} min: {report.lost} lost, {report.duplicated} duplicated, {report.wrong_record} wrong; "
        f"order of each record {'kept' if report.order_kept else 'NOT kept'}; {report.write_probes} probes that write; "
        f"{noticed}; {report.held} held, {report.drained} of them drained; {report.sent_on} sent on by a person, "
        f"{report.to_person} with one still, "
        f"{report.waiting} waiting; {report.seconds:.0f} s"
    )
    return [*report.troubles, *report.out_of_order, sums]
