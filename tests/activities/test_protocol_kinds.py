"""What each kind of operation makes of what is on the screen before it enters anything."""

import pytest

from core.faults import TooSlow
from records.work_item import WorkItem
from tests.activities.shop import Bots, Shop, intent, planned
from tests.activities.toy_desk import raises

OLD = {"what": "old"}


@pytest.mark.parametrize(
    ("there", "state", "code", "clicks"),
    [("old", "done", "", 1), (None, "done", "", 0), ("other", "refused", "conflict", 0)],
    ids=["before", "after", "other"],
)
async def test_a_removal_removes_what_it_knew(
    there: str | None, state: str, code: str, clicks: int, bots: Bots, shop: Shop
) -> None:
    """As it was at the intent: removed. Gone: adopted. Something else: a person decides, and sees what is there."""
    if there is not None:
        shop.rows.append(("note", "1", "BTN-OLD", there))
    item = await planned(bots.database, intent("drop", before=OLD, what="old"))

    after = (await bots.enters(item)).item

    assert (after.state, after.code, len(shop.clicks)) == (state, code, clicks)
    assert [row[3] for row in shop.rows] == (["other"] if there == "other" else [])


async def test_a_removal_of_what_nobody_ever_saw_is_refused(bots: Bots, shop: Shop) -> None:
    """A mistyped row of a file: the record was never there, so nothing was removed, and that is said."""
    item = await planned(bots.database, intent("drop", what="old"))

    after = (await bots.enters(item)).item

    assert (after.state, after.code, shop.clicks) == ("refused", "record_not_found", [])


async def test_a_removal_that_nobody_had_seen_before_is_known_by_its_first_look(bots: Bots, shop: Shop) -> None:
    """The first look keeps how it looked, before anything is typed; then it is removed."""
    shop.rows.append(("note", "1", "BTN-OLD", "old"))
    item = await planned(bots.database, intent("drop", what="old"))

    after = (await bots.enters(item)).item

    assert (after.state, after.before, shop.rows) == ("done", OLD, [])


async def test_an_amount_is_found_by_our_reference_alone(bots: Bots, shop: Shop) -> None:
    """A refund of the same ten by somebody else is not ours: ours is entered as well, once, and then adopted."""
    shop.rows.append(("refund", "1", "BTN-ELSE", "10.00"))
    item = await planned(bots.database, intent("refund", what="10.00"))

    done = (await bots.enters(item)).item
    looked = await bots.looks(item)

    assert done.state == "done"
    assert [row[2] for row in shop.rows] == ["BTN-ELSE", item.reference]
    assert looked.answer == "equal"


async def test_our_reference_with_another_amount_is_a_conflict(bots: Bots, shop: Shop) -> None:
    """A record that bears our reference and other values was never absent: nothing is entered, a person sees both."""
    item = await planned(bots.database, intent("refund", what="10.00"))
    shop.rows.append(("refund", "1", item.reference, "1.00"))

    after = (await bots.enters(item)).item
    looked = await bots.looks(item)

    assert (after.state, after.code, shop.clicks) == ("refused", "conflict", [])
    assert (looked.answer, looked.record, looked.wanted) == ("different", {"what": "1.00"}, {"what": "10.00"})


async def test_what_was_entered_and_put_back_is_a_conflict(bots: Bots, shop: Shop) -> None:
    """As before, but with our reference: somebody undid it. Entered again only when a person says so."""
    item = await planned(bots.database, intent("rename", what="new", before=OLD))
    shop.rows.append(("note", "1", item.reference, "old"))

    after = (await bots.enters(item)).item

    assert (after.state, after.code, shop.clicks) == ("refused", "conflict", [])


@pytest.mark.failure_mode("F15")
async def test_two_records_of_one_key_are_nobodys_choice(bots: Bots, shop: Shop) -> None:
    """F15: namesakes: nothing is entered, a person chooses."""
    shop.rows += [("note", "1", "BTN-A", "old"), ("note", "1", "BTN-B", "old")]
    item = await planned(bots.database, intent("rename", what="new", before=OLD))

    after = (await bots.enters(item)).item

    assert (after.state, after.code, shop.clicks) == ("refused", "ambiguous", [])


async def test_what_cannot_be_searched_is_entered_on_the_systems_word(bots: Bots, shop: Shop) -> None:
    """A fax: nobody looks before or after it, the confirmation is all there is."""
    item = await planned(bots.database, intent("fax", what="hello"))

    done = (await bots.enters(item)).item

    assert (done.state, done.confirmation, shop.looks) == ("done", f"C-{item.reference}", 0)


async def test_a_doubt_about_what_cannot_be_searched_stays_one(bots: Bots, shop: Shop) -> None:
    """A fax without an answer: unknown, and no look was had."""
    shop.mishaps["submit"] = raises(TooSlow())
    item = await planned(bots.database, intent("fax", what="hello"))

    after = (await bots.enters(item)).item

    assert (after.state, shop.looks, shop.kills) == ("unknown", 0, 1)


async def test_a_conflict_keeps_its_three_images(bots: Bots, shop: Shop) -> None:
    """Before, wanted and seen are all on the item, to be shown side by side."""
    shop.rows.append(("note", "1", "BTN-ELSE", "other"))
    item = await planned(bots.database, intent("rename", what="new", before=OLD))

    await bots.enters(item)

    async with bots.database.session() as session:
        row = await session.get_one(WorkItem, item.id)
    assert (row.before, row.wanted, row.seen) == (OLD, {"what": "new"}, {"what": "other"})


async def test_a_display_that_still_shows_the_old_value_is_a_doubt(bots: Bots, shop: Shop) -> None:
    """F06: confirmed, and the record stands as before: it lags, or nothing was done; a look after a while tells."""
    shop.rows.append(("note", "1", "BTN-OLD", "old"))
    shop.commits = False
    item = await planned(bots.database, intent("rename", what="new", before=OLD))

    performed = await bots.enters(item)
    shop.rows[:] = [("note", "1", item.reference, "new")]
    looked = await bots.looks(item)

    assert (performed.outcome, performed.item.state, performed.item.result) == ("unknown", "unknown", None)
    assert (looked.answer, looked.confirmed) == ("after", f"C-{item.reference}")
