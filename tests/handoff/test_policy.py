"""Policies: what ships, which row is for whom, and what a file that cannot be used is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handoff.clock import ClockKind
from handoff.policy import Policies, Policy, PolicyRefused, shipped

ALWAYS = '[calendars.always]\n[policies.any]\ncalendar = "always"\nresolution = "8h"\n'


def file(more: str, version: str = "7") -> str:
    """A file that would do, and what is added to it."""
    return f'version = "{version}"\n{ALWAYS}{more}'


def spans(policy: Policy) -> dict[str, timedelta]:
    """What each clock is held to."""
    return {target.kind.value: target.working for target in policy.targets()}


@pytest.mark.parametrize(("tier", "hours"), [("A", 2), ("B", 4), ("C", 8), ("", 8), ("Z", 8)])
def test_the_service_queue_keeps_its_times(tier: str, hours: int) -> None:
    """Two hours for tier A, four for B, eight for C and any other, around the clock."""
    policy = shipped().choose(queue="service", channel="form", persona="carrier", tier=tier)
    offered = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)

    target = next(target for target in policy.targets() if target.kind == ClockKind.RESOLUTION)

    assert target.calendar.after(offered, target.working) == offered + timedelta(hours=hours)
    assert (target.policy, target.version) == (policy.name, "1")


@pytest.mark.parametrize(
    ("queue", "tier", "name", "first", "acceptance", "resolution"),
    [
        ("service", "A", "service-a", "0:30", "0:15", "2:00"),
        ("service", " a ", "service-a", "0:30", "0:15", "2:00"),
        ("service", "B", "service-b", "1:00", "0:30", "4:00"),
        ("service", "C", "service", "2:00", "1:00", "8:00"),
        ("dispatch", "A", "dispatch", "1:00", "0:30", "4:00"),
        ("bot", "B", "bot", None, "0:15", "1:00"),
        ("mail-unmatched", "", "mail-unmatched", "4:00", None, "16:00"),
        ("returns", "A", "any", "2:00", "1:00", "8:00"),
    ],
)
def test_what_ships_has_an_answer_for_every_queue(
    queue: str, tier: str, name: str, first: str | None, acceptance: str | None, resolution: str | None
) -> None:
    """Each queue's own row counts, and a queue that nobody thought of gets the row for any."""
    policy = shipped().choose(queue=queue, channel="mail", persona="customer", tier=tier)
    said = {"first_response": first, "acceptance": acceptance, "resolution": resolution}

    assert policy.name == name
    assert spans(policy) == {kind: _span(text) for kind, text in said.items() if text}


def test_unmatched_mail_waits_for_the_office() -> None:
    """Sixteen hours from the afternoon before Christmas 2026 end on the Tuesday after it: 2, 8 and 6 hours."""
    policy = shipped().choose(queue="mail-unmatched", channel="mail", persona="", tier="")

    resolution = policy.targets()[-1]

    assert resolution.calendar.after(_berlin("2026-12-24 15:00"), resolution.working) == _berlin("2026-12-29 15:00")


def test_the_example_of_the_documents_can_be_used() -> None:
    """Whoever copies the policies file out of docs/handoffs.md gets the policies that it describes."""
    text = (Path(__file__).parents[2] / "docs" / "handoffs.md").read_text(encoding="utf-8")
    policies = Policies.read(text.split("```toml\n")[1].split("```")[0])

    policy = policies.choose(queue="service", channel="mail", persona="customer", tier="B")

    assert (policy.name, policy.version, policy.idle) == ("service", "2027-01", timedelta(minutes=45))
    assert [step.tells for step in policy.ladder] == ["holder", "lead", "it"]


def test_the_row_that_names_the_most_counts() -> None:
    """Queue and tier together go before either of them, in whichever order they are written."""
    policies = Policies.read(
        file(
            '[policies.both]\nqueue = "q"\ntier = "A"\ncalendar = "always"\nresolution = "1h"\n'
            '[policies.queue]\nqueue = "q"\ncalendar = "always"\nresolution = "2h"\n'
            '[policies.tier]\ntier = "A"\ncalendar = "always"\nresolution = "3h"\n'
        )
    )
    asked = [("q", "A"), ("q", "B"), ("r", "A"), ("r", "B")]

    chosen = [policies.choose(queue=queue, channel="", persona="", tier=tier).name for queue, tier in asked]

    assert chosen == ["both", "queue", "tier", "any"]


def test_a_policy_comes_back_out_of_json() -> None:
    """What a handoff keeps of its policy, with calendar and ladder, is read again as it was."""
    for policy in shipped().rows:
        assert Policy.model_validate_json(policy.model_dump_json()) == policy


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("version = ", "no TOML"),
        ('[policies.any]\nresolution = "8h"', r"\[version\] Field required"),
        (file("[polices.x]"), r"\[polices\] there is no such key"),
        (
            file('[calendars.office]\ntime_zone = "Bremen"'),
            r"\[calendars.office\] time_zone: there is no time zone Bremen",
        ),
        (
            file('[calendars.office]\nhours = ["Mo 8-12"]'),
            r"\[calendars.office\] hours.0: “Mo 8-12” is no opening period",
        ),
        (file("[calendars.office]\nhours = []"), r"\[calendars.office\] it has no opening period; leave hours out"),
        (file('[calendars.office]\nholiday = ["2026-12-25"]'), r"\[calendars.office\] holiday: there is no such key"),
        (
            file('[policies.x]\ncalendar = "offic"'),
            r"\[policies.x\] calendar: there is no calendar “offic”; .*: always",
        ),
        (file('[policies.x]\nresolution = "8h"'), r"\[policies.x\] calendar: there is no calendar “”; .*: always"),
        (
            file('[policies.x]\nqueue = "q"\ncalendar = "always"'),
            r"\[policies.x\] name at least one target: first_resp",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(text: str, sentence: str) -> None:
    """The message names the table and the key, in words that whoever wrote it can act on."""
    with pytest.raises(PolicyRefused, match=sentence):
        Policies.read(text)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('resolution = "0h"', "resolution: a duration is one minute at least"),
        ('resolution = "-2h"', "resolution: “-2h” is no duration"),
        ('resolution = "8761h"', "resolution: a duration is .* a year, 8760h, at most"),
        ('resolution = "1d"', "resolution: “1d” is no duration; write hours and minutes"),
        ("resolution = 120", "resolution: “120” is no duration"),
        ('resolution = ""', "resolution: “” is no duration"),
        ('resolution = "2h"\nidle = "soon"', "idle: “soon” is no duration"),
        ('resolution = "2h"\nat_risk = 1.5', "at_risk: Input should be less than or equal to 1"),
        ('resolution = "2h"\nresolved = "2h"', "resolved: there is no such key"),
        ('resolution = "2h"\nladder = "steep"', "ladder: there is no ladder “steep”; there are: none"),
        ('resolution = "2h"\ntier = ""', "tier: String should have at least 1 character"),
    ],
)
def test_a_row_that_never_ends_or_means_nothing_is_refused(line: str, sentence: str) -> None:
    """A target of nothing, of years or in days, and a key or ladder that is not there, are named with their row."""
    with pytest.raises(PolicyRefused, match=rf"\[policies.x\] {sentence}"):
        Policies.read(file(f'[policies.x]\nqueue = "q"\ncalendar = "always"\n{line}'))


def test_a_target_that_takes_years_of_its_calendar_is_refused() -> None:
    """Sixteen hours of a quarter of an hour a week would be due in more than a year, which nobody means."""
    rare = '[calendars.rare]\nhours = ["Mon 08:00-08:15"]\n[policies.x]\nqueue = "q"\ncalendar = "rare"\n'

    Policies.read(file(f'{rare}resolution = "13h"'))

    with pytest.raises(
        PolicyRefused, match=r"\[policies.x\] resolution: 16h of the calendar “rare” never end: .* 13h2m"
    ):
        Policies.read(file(f'{rare}resolution = "16h"'))


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ('{ past = "breached", tells = "lead", every = "30m" }', "without at_most it never ends"),
        ('{ past = "breached", tells = "lead", every = "30m", at_most = 1000 }', "at_most: Input should be less than"),
        ('{ past = "breached", tells = "lead", at_most = 3 }', "how long to wait in between: every"),
        ('{ past = "breached", tells = "the king" }', "tells: Input should be 'holder', 'lead' or 'it'"),
    ],
)
def test_a_ladder_that_never_ends_is_refused(step: str, sentence: str) -> None:
    """Telling somebody again and again has an end, and somebody to tell."""
    with pytest.raises(PolicyRefused, match=rf"\[ladders.x\] 0.*{sentence}"):
        Policies.read(file(f"[ladders]\nx = [{step}]"))


QUEUE = '[policies.queue]\nqueue = "q"\ncalendar = "always"\nresolution = "2h"\n'
TIER = '[policies.tier]\ntier = "A"\ncalendar = "always"\nresolution = "3h"\n'


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (QUEUE + TIER, r"\[policies.queue\] and \[policies.tier\] are equally specific for queue q, tier a: name one"),
        (QUEUE + QUEUE.replace(".queue", ".same"), r"\[policies.queue\] and \[policies.same\] .* for queue q: name"),
        ('[policies.all]\ncalendar = "always"\nresolution = "2h"', "equally specific for every handoff"),
    ],
)
def test_no_handoff_has_two_policies(rows: str, sentence: str) -> None:
    """Two rows that would both be the most specific for some handoff are named, and so is that handoff."""
    with pytest.raises(PolicyRefused, match=sentence):
        Policies.read(file(rows))


def test_every_handoff_has_a_policy() -> None:
    """A file without a row for what nobody thought of is refused."""
    with pytest.raises(PolicyRefused, match="add one that names none of queue, channel, persona, tier"):
        Policies.read(f'version = "1"\n[calendars.always]\n{QUEUE}')


def _span(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _berlin(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+01:00")
