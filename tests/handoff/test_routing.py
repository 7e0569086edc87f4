"""Routing: who gets what, with which reasons, and that nobody gets what they should not."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff import routing, skill_rules
from handoff.routing import Offer, Worker
from handoff.skill_rules import SkillRuleError

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MINUTES = st.integers(-600, 600).map(lambda count: timedelta(minutes=count))
SKILLS = st.lists(st.sampled_from(["heating", "claims"]), max_size=2, unique=True).map(tuple)
QUEUES = ("service", "bot")
EMAILS = ("ada", "ben", "cem", "dua")


def offer(**changes: object) -> Offer:
    """One that has just been offered and is due in a day."""
    plain = {"handoff": uuid.uuid4(), "queue": "service", "offered_at": NOW, "due_at": NOW + timedelta(days=1)}
    return Offer.model_validate({**plain, **changes})


def worker(email: str = "ada", **changes: object) -> Worker:
    """Somebody with room on the service queue."""
    return Worker.model_validate({"email": email, "queues": ("service",), **changes})


offers_ = st.lists(
    st.builds(
        Offer,
        handoff=st.uuids(),
        queue=st.sampled_from(QUEUES),
        offered_at=MINUTES.map(lambda span: NOW + span),
        due_at=st.none() | MINUTES.map(lambda span: NOW + span),
        skills=SKILLS,
        priority=st.sampled_from(["urgent", "high", "normal", "low", "odd"]),
        tier=st.sampled_from(["A", "B", "C", ""]),
        assigned_to=st.none() | st.sampled_from(EMAILS),
        passed=st.lists(st.sampled_from(EMAILS), max_size=3).map(tuple),
    ),
    max_size=12,
    unique_by=lambda one: one.handoff,
)
workers_ = st.lists(
    st.builds(
        Worker,
        email=st.sampled_from(EMAILS),
        queues=st.lists(st.sampled_from(QUEUES), unique=True).map(tuple),
        skills=SKILLS,
        capacity=st.integers(1, 4),
        load=st.integers(0, 5),
        away=st.sampled_from(["", "off shift"]),
    ),
    max_size=4,
    unique_by=lambda one: one.email,
)


@given(offers_, workers_, st.randoms())
def test_nobody_gets_what_they_should_not(offers: list[Offer], workers: list[Worker], order: object) -> None:
    """Nobody above capacity, away, without a skill, off the queue or passed over before; nothing lost; always alike."""
    routed = routing.assign(offers, workers, NOW)
    shuffled = offers.copy()
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    people, asked = {one.email: one for one in workers}, {one.handoff: one for one in offers}

    for person in workers:
        taken = [choice for choice in routed.choices if choice.to == person.email]
        assert not taken or (not person.away and person.load + len(taken) <= person.capacity)
    for choice in routed.choices:
        wanted = asked[choice.handoff]
        assert people[choice.to].able(wanted)
        assert wanted.assigned_to != choice.to
    answered = [*(one.handoff for one in routed.choices), *(one.handoff for one in routed.waiting)]
    assert sorted(map(str, asked)) == sorted(map(str, answered))
    assert all(one.reason for one in routed.waiting)
    assert routing.assign(shuffled, list(reversed(workers)), NOW) == routed


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"due_at": NOW + timedelta(minutes=12)}, {"due_at": NOW + timedelta(hours=3)}),
        ({"offered_at": NOW - timedelta(hours=3)}, {"offered_at": NOW - timedelta(hours=1)}),
        ({"priority": "urgent"}, {"offered_at": NOW - timedelta(hours=4)}),
        ({"offered_at": NOW - timedelta(hours=6)}, {"priority": "urgent"}),
        ({"offered_at": NOW - timedelta(hours=26), "due_at": None}, {"due_at": NOW - timedelta(days=9), "tier": "A"}),
        ({"tier": "A"}, {"tier": "B"}),
        ({"assigned_to": "ada"}, {"tier": "A"}),
    ],
)
def test_a_wait_is_weighed_against_due_time_and_priority(first: dict[str, object], second: dict[str, object]) -> None:
    """Closer to due, longer waited, more urgent, dearer tier, given to this person; a long wait beats everything."""
    comes, stays = offer(**first), offer(**second)

    chosen = routing.next_for(worker(), [stays, comes], NOW)

    assert chosen is not None
    assert chosen.handoff == comes.handoff


def test_a_choice_says_why() -> None:
    """The reasons are words, the heaviest first, and the choice names rule and version."""
    wanted = offer(due_at=NOW + timedelta(minutes=12), offered_at=NOW - timedelta(hours=3), tier="A")

    chosen = routing.next_for(worker(), [wanted], NOW)

    assert chosen is not None
    assert chosen.reasons == ("due in 12 min", "waited 3 h", "tier A")
    assert (chosen.rule, chosen.version) == ("routing", "1")
    assert chosen.points == sum(part.points for part in chosen.parts)


def test_the_only_one_with_a_skill_is_named() -> None:
    """What one person alone can do goes to them and says so, though another has more room."""
    heating = worker("ben", skills=("heating",), load=3)

    routed = routing.assign([offer(skills=("heating",))], [worker(), heating], NOW)

    assert [(one.to, one.reasons[-1]) for one in routed.choices] == [("ben", "only agent with skill heating")]


@pytest.mark.parametrize(
    ("workers", "said"),
    [
        ([], "nobody works on the queue service"),
        ([worker()], "nobody on the queue has skill heating"),
        (
            [
                worker("ada", skills=("heating",), away="off shift"),
                worker("ben", skills=("heating",), away="off shift"),
                worker("cem", skills=("heating",), load=5),
            ],
            "nobody with skill heating is available: 2 are off shift, 1 is full",
        ),
        ([worker("ada", skills=("heating",))], ""),
    ],
)
def test_what_nobody_takes_says_why(workers: list[Worker], said: str) -> None:
    """Nobody on the queue, nobody with the skill, all away or full: the sentence says which, and nothing when free."""
    assert routing.why_waiting(offer(skills=("heating",)), workers) == said


def test_what_one_person_let_pass_goes_to_the_next() -> None:
    """An offer that was not taken goes to somebody else, first to whoever never passed it, and never back at once."""
    lapsed = offer(assigned_to="ada", passed=("ben", "ada"))

    onward = routing.assign([lapsed], [worker("ada"), worker("ben"), worker("cem", load=4)], NOW)
    alone = routing.assign([lapsed], [worker("ada")], NOW)

    assert [one.to for one in onward.choices] == ["cem"]
    assert alone.waiting[0].reason == "only ada could take it now, and has not picked it up"


def test_whoever_is_full_finishes_their_own_first() -> None:
    """Next gives what this person has when they have no room, and never what others have or were given."""
    own = offer(held_by="ada", due_at=None)
    rest = [offer(due_at=NOW), offer(held_by="ben"), offer(assigned_to="ben"), offer(queue="bot")]

    full = routing.next_for(worker(load=5), [*rest, own], NOW)
    others = routing.next_for(worker(), rest[1:], NOW)

    assert full is not None
    assert full.handoff == own.handoff
    assert others is None


def test_skills_come_from_a_queues_rules() -> None:
    """Rules are read a line each, hold without regard to case, and ask for each skill once."""
    rules = skill_rules.read("cause = Damage: Claims\n\npersona=business: claims\ntier = A: Senior")

    wanted = skill_rules.wanted(rules, {"cause": "damage", "persona": "business", "tier": "B"})

    assert wanted == ("claims",)
    assert [rule.line() for rule in rules] == [
        "cause = Damage: claims",
        "persona = business: claims",
        "tier = A: senior",
    ]


@pytest.mark.parametrize(("text", "said"), [("damage: claims", "Line 1 is no rule"), ("\nage = 3: x", "Line 2: “age”")])
def test_a_line_that_is_no_rule_is_named(text: str, said: str) -> None:
    """The sentence says which line, and what is wanted."""
    with pytest.raises(SkillRuleError, match=said):
        skill_rules.read(text)
