"""The nightly count of where cases stand, kept once per day; Prefect loads this flow by itself (`prefect.yaml`)."""

from datetime import date, datetime

from prefect import flow, get_run_logger

from core import clock
from core.settings import Settings
from measures import stages
from records import figures
from records.database import Database


@flow(name="count-cases-by-stage", retries=2, retry_delay_seconds=60, log_prints=False)
async def count_cases_by_stage(day: date | None = None) -> int:
    """Count all cases and keep the figures under `day` (default: today, UTC); how many figures there are.

    Run again for the same day it replaces that day's figures, so a repetition counts nothing twice.
    """
    now = clock.now()
    kept = await count(Settings(), day or now.date(), now)
    get_run_logger().info("kept %s figures", kept)
    return kept


async def count(settings: Settings, day: date, now: datetime) -> int:
    """One count in one transaction: the figures of a day are those of one moment."""
    database = Database(settings.database_url, pool_size=1)
    try:
        async with database.session() as session:
            await figures.begin(session)
            return await figures.keep(session, day, stages.NAMES, await stages.figures(session), now)
    finally:
        await database.close()
