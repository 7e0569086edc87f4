"""An intent that its starter takes back: gone when nothing of it is in, and never called gone when something may be."""

import psycopg

from records.people import Role
from tests.activities.shop import Shop, intent
from tests.support.journey import Journey
from tests.workflows.cast import refusal
from tests.workflows.test_resolver import in_state, shop, started, until
from workflows.acts import DoneByHand, GiveBack, RetryItem

__all__ = ["shop"]


async def test_what_stands_in_the_system_is_not_called_withdrawn(desk_journey: Journey, shop: Shop) -> None:
    """Saved with another value, taken back by its starter, retried by a person: the screen says what it is."""

    async def cut_off() -> None:
        shop.rows[-1] = (*shop.rows[-1][:3], "cut")

    shop.mishaps["submit"] = cut_off
    wanted = await started(desk_journey, intent("note", what="cut off"))
    differs = await until(desk_journey, wanted, in_state("with_person"))
    supervisor = await desk_journey.person(Role.SUPERVISOR)

    await desk_journey.client.get_workflow_handle(f"item/{wanted.id}").signal("withdraw")
    await desk_journey.act_on_item(differs, "retry", RetryItem(by=supervisor))
    again = await until(desk_journey, wanted, in_state("withdrawn", "refused"))

    assert (differs.code, again.state, again.code) == ("read_back_differs", "refused", "conflict")
    assert len(shop.clicks) == 1


async def test_what_surely_did_not_come_in_is_withdrawn(desk_journey: Journey, shop: Shop) -> None:
    """Taken back while nobody knew: a look says that nothing is there, and it is not entered again."""

    async def nothing_done() -> None:
        await desk_journey.client.get_workflow_handle(f"item/{wanted.id}").signal("withdraw")
        raise TimeoutError

    shop.mishaps["late"] = nothing_done
    wanted = intent("note", what="new")
    await started(desk_journey, wanted)

    ended = await until(desk_journey, wanted, in_state("withdrawn", "done", "with_person"))

    assert (ended.state, ended.doubts, ended.reentries, shop.rows) == ("withdrawn", 1, 1, [])


async def test_a_person_is_not_told_what_nobody_looked_at(desk_journey: Journey, shop: Shop) -> None:
    """Its old click may still come in: who keyed it by hand hears that it is too early, not that it is absent."""
    shop.commits = False
    wanted = await started(desk_journey, intent("note", what="new"))
    asked = await until(desk_journey, wanted, in_state("with_person"))
    with psycopg.connect(desk_journey.database.url, autocommit=True) as connection:
        just_dead = "UPDATE attempts SET dead_since = clock_timestamp() + interval '1 hour' WHERE item_id = %s"
        connection.execute(just_dead, [wanted.id])
    looks, agent = shop.looks, await desk_journey.person(Role.AGENT)

    refused = [
        await refusal(desk_journey.act_on_item(asked, "done_by_hand", DoneByHand(by=agent, confirmation="1"))),
        await refusal(desk_journey.act_on_item(asked, "give_back", GiveBack(by=agent))),
    ]

    assert (asked.code, refused, shop.looks) == ("confirmed_but_absent", ["too_early", "too_early"], looks)
