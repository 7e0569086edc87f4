"""What stands in a line, as things of a bulk action: the first due first, as they stand at this moment."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from records.bulk import MOST
from records.bulk_failures import Candidate, Selection

_IN_LINE = text(
    """
    SELECT items.id, NULL, items.id, items.case_id, items.wait_since, cases.due_at, coalesce(cases.tier, ''), true, '',
           items.state, items.code, items.reference, items.target_key, items.system, items.environment,
           items.operation, items.next_look_at, NULL, NULL, NULL, busy.title
      FROM work_items AS items LEFT JOIN cases ON cases.id = items.case_id
      LEFT JOIN LATERAL (
           SELECT actions.title FROM bulk_items AS things JOIN bulk_actions AS actions ON actions.id = things.bulk_id
            WHERE things.item_id = items.id AND things.state IN ('waiting', 'sent') LIMIT 1) AS busy ON true
     WHERE items.held_behind = :behind AND NOT items.through_hold AND items.state = 'ready'
       AND (CAST(:due_before AS timestamptz) IS NULL OR cases.due_at < :due_before)
       AND (:tier = '' OR cases.tier = :tier) AND (:journey = '' OR cases.journey = :journey)
     ORDER BY cases.due_at NULLS LAST, coalesce(items.place, items.created_at), items.id LIMIT :most
    """
)


async def candidates(session: AsyncSession, wanted: Selection) -> list[Candidate]:
    """Who stands behind the hold of the selection, of those that the rest of it says; at most MOST."""
    asked = wanted.model_dump(include={"behind", "due_before", "tier", "journey"})
    rows = await (await session.connection()).execute(_IN_LINE, {**asked, "most": MOST})
    return [Candidate._make(row) for row in rows]
