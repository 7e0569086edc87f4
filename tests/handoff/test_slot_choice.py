"""Which free slot a customer gets: a pure rule over wishes and free places."""

from datetime import date, timedelta

from handoff.booking import Place, Window
from handoff.slot_choice import MOST_ALTERNATIVES, SlotInputs, choose

TODAY = date(2026, 11, 23)
DAY = TODAY + timedelta(days=7)


def place(days: int, slot: str, technician: str = "104") -> Place:
    """A free place so many days after the wished day."""
    return Place(day=DAY + timedelta(days=days), slot=slot, technician=technician)


def wish(days: int = 0, slot: str = "any") -> Window:
    """A wish so many days after the wished day."""
    return Window.model_validate({"day": DAY + timedelta(days=days), "slot": slot})


def inputs(*windows: Window, free: tuple[Place, ...]) -> SlotInputs:
    """What the rule looks at."""
    return SlotInputs(windows=windows, free=free, today=TODAY)


def test_the_first_wish_counts_before_an_earlier_day() -> None:
    """A later wish is met only where the first cannot be, whatever comes earlier on the calendar."""
    both = inputs(wish(2), wish(0), free=(place(0, "1"), place(2, "3")))
    second = inputs(wish(3), wish(0), free=(place(0, "1"), place(2, "3")))

    assert (choose(both).rule, choose(both).place) == ("first_wish", place(2, "3"))
    assert (choose(second).rule, choose(second).place) == ("later_wish", place(0, "1"))


def test_the_earliest_slot_and_the_lowest_technician_are_taken() -> None:
    """Any order of the same free places gives the same answer."""
    free = (place(0, "3"), place(0, "2", "109"), place(0, "2", "103"))

    answers = {choose(inputs(wish(), free=order)).place for order in (free, free[::-1])}

    assert answers == {place(0, "2", "103")}


def test_a_slot_of_another_time_does_not_fit() -> None:
    """Who wishes an hour gets that hour, or the nearest ones are offered instead, no two at the same time."""
    free = (place(0, "1"), place(0, "1", "109"), place(1, "2"))

    choice = choose(inputs(wish(0, "2"), free=free))

    assert (choice.rule, choice.place) == ("no_slot", None)
    assert choice.alternatives == (place(0, "1"), place(1, "2"))


def test_today_and_the_past_are_nobodys_slots() -> None:
    """Neither booked nor offered: by the time the bot keys it, the technician drives elsewhere."""
    today = Place(day=TODAY, slot="4", technician="104")

    choice = choose(SlotInputs(windows=(Window(day=TODAY, slot="4"),), free=(today,), today=TODAY))

    assert (choice.place, choice.alternatives) == (None, ())


def test_the_nearest_places_are_few_and_in_the_order_of_time() -> None:
    """As many as a person reads, the nearest to the best wish, without the place that was chosen."""
    free = tuple(place(days, slot) for days in range(-5, 6) for slot in "1234")

    choice = choose(inputs(wish(0, "2"), free=free))

    assert choice.place == place(0, "2")
    assert len(choice.alternatives) == MOST_ALTERNATIVES
    assert choice.place not in choice.alternatives
    assert list(choice.alternatives) == sorted(choice.alternatives, key=lambda one: (one.day, one.slot))
    assert max(abs((one.day - DAY).days) for one in choice.alternatives) == 1


def test_an_appointment_ends_by_the_clock_of_the_place() -> None:
    """In winter 16 o'clock is 15:00 UTC, in summer 14:00."""
    winter, summer = (Place(day=day, slot="4", technician="104") for day in (DAY, date(2027, 6, 1)))

    assert (winter.ends_at.hour, summer.ends_at.hour) == (15, 14)
