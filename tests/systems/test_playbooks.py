"""Playbooks as they are declared: what they may name, what of a file is refused, and what each sentence says."""

import pytest

from handoff.clock import ClockKind
from systems import playbooks
from systems.playbooks import Known, PlaybookRefused, Playbooks, filled
from systems.registry import SYSTEMS

KNOWN = Known(SYSTEMS, [kind.value for kind in ClockKind], ("any", "office"), ("it", "supervisor"))
OURS = """
version = "7"
by = "Ines Kord"
[playbooks.ours]
system = "orderdesk"
default = true
about = "Refunds go to people."
routes = { "*" = "deferred", refund = "person", reschedule = "bot" }
clocks = [ { journey = "failed-delivery", clock = "resolution", does = "switch", policy = "office" } ]
tell = ["role:it", "lead:service", "person:ines@example.org"]
[playbooks.ours.customers.failed-delivery]
subject = "{case_number}: later"
text = "your order {order_no} takes longer, since {since}; {{braces}} stay."
"""


def test_what_comes_with_baton_can_be_used() -> None:
    """Every system has one playbook that is chosen by itself, and all of them can be read."""
    found = Playbooks.read(playbooks.shipped(), KNOWN)

    assert [one.system for one in found.all() if one.default] == sorted(SYSTEMS)
    assert all(one.by == playbooks.BY_BATON for one in found.all())


def test_a_route_is_the_operations_own_else_that_of_all() -> None:
    """A named operation goes its way, any other by the star, and without one by the usual choice."""
    (ours,) = Playbooks.read(OURS, KNOWN).all()

    routes = [ours.route_of(name) for name in ("refund", "reschedule", "correct_address")]
    bare = ours.model_copy(update={"routes": {}})

    assert routes == ["person", "bot", "deferred"]
    assert bare.route_of("refund") == ""


def test_the_operators_file_goes_before_what_comes_with_baton() -> None:
    """The same name is replaced, a new default takes the place of the shipped one, and the rest stays."""
    shipped = Playbooks.read(playbooks.shipped(), KNOWN)

    both = Playbooks.read(OURS, KNOWN).over(shipped)

    assert [one.name for one in both.all("orderdesk")] == ["ours", "orderdesk-away", "orderdesk-by-hand"]
    assert [one.name for one in both.all() if one.default] == ["fieldboard-away", "ours", "servicedesk-away"]
    assert (both.all("orderdesk")[0].version, both.all("orderdesk")[0].by) == ("7", "Ines Kord")


def test_a_text_is_filled_in_and_nothing_in_a_name_is_a_placeholder() -> None:
    """Values go in as they are, even one with braces; what is not known is empty."""
    (ours,) = Playbooks.read(OURS, KNOWN).all()
    text = ours.customers["failed-delivery"].text

    said = filled(text, {"order_no": "{name}", "since": "10:00"})

    assert said == "your order {name} takes longer, since 10:00; {braces} stay."


def test_people_read_a_title_and_without_one_the_name() -> None:
    """What a playbook is called is declared; one from before there were titles is called by its name."""
    titled = OURS.replace("[playbooks.ours]\n", '[playbooks.ours]\ntitle = " Refunds by hand "\n')

    called = [Playbooks.read(text, KNOWN).all()[0].called for text in (titled, OURS)]
    ours = [one.title for one in Playbooks.read(playbooks.shipped(), KNOWN).all()]

    assert called == ["Refunds by hand", "ours"]
    assert len({*ours, ""}) == len(ours) + 1


REFUSED = (
    ("refund = ", "refnud = ", "routes: operation: there is no operation “refnud”; there are: *, mark_failed"),
    ('"person", res', '"fax", res', "routes: refund: route: there is no route “fax”; there are: bot, deferred, person"),
    ('clock = "resolution"', 'clock = "lunch"', "clocks: clock: there is no clock “lunch”; there are: first_response"),
    ('policy = "office"', 'policy = "noon"', "clocks: policy: there is no policy “noon”; there are: any, office"),
    (', policy = "office"', "", "a clock that is switched names the policy to count by"),
    ('"switch"', '"stop"', "clocks.0.does: Input should be 'pause' or 'switch'"),
    ('journey = "failed', 'journey = "fialed', "clocks: journey: there is no journey “fialed-delivery”"),
    ('journey = "failed-delivery"', 'journey = "booking-dispatch"', "“booking-dispatch” never needs the orderdesk"),
    ("customers.failed-delivery", "customers.returns", "customers: journey: there is no journey “returns”"),
    ("{order_no}", "{iban}", "failed-delivery: there is no placeholder {iban}; there are: {name}, {case_number}"),
    ("{order_no}", "{name.__class__}", "there is no placeholder {name.__class__}"),
    ("{order_no}", "{order_no!r}", "there is no placeholder {order_no}"),
    ("{{braces}}", "}braces", "a brace stands alone"),
    ("text = ", 'over_text = "back"\ntext = ', "over_subject, over_text"),
    ('system = "orderdesk"', 'system = "mainframe"', "system: there is no system “mainframe”"),
    ("role:it", "role:cleaner", "tell: role: there is no role “cleaner”; there are: it, supervisor"),
    ("role:it", "everybody", "tell.0: String should match pattern"),
    ("about = ", f'title = "{"x" * 61}"\nabout = ', "[playbooks.ours] title: String should have at most 60 characters"),
    ("about = ", 'title = "two\\nlines"\nabout = ', "[playbooks.ours] title: String should match pattern"),
    ("about = ", "abuot = 1\nabout = ", "[playbooks.ours] abuot: there is no such key"),
    ("[playbooks.ours]", "[playbooks.ours", "this is no TOML"),
    ('version = "7"', "", "version"),
)


@pytest.mark.parametrize(("was", "wrong", "said"), REFUSED, ids=[said[:40] for _, _, said in REFUSED])
def test_a_wrong_playbook_is_refused_with_one_sentence(was: str, wrong: str, said: str) -> None:
    """What is not there is named with what there is, and nothing of the file counts."""
    assert was in OURS

    with pytest.raises(PlaybookRefused) as refused:
        Playbooks.read(OURS.replace(was, wrong, 1), KNOWN)

    assert said in str(refused.value)
    assert "\n" not in str(refused.value) or "TOML" in str(refused.value)


def test_two_defaults_of_one_system_are_refused() -> None:
    """Which of them would count nobody could say."""
    two = OURS + OURS[OURS.index("[playbooks.ours]") :].replace("playbooks.ours", "playbooks.theirs")

    with pytest.raises(PlaybookRefused, match=r"\[playbooks.ours\] and \[playbooks.theirs\] are both the default"):
        Playbooks.read(two, KNOWN)


def test_a_clock_is_named_once() -> None:
    """Two rules for one clock would say two things."""
    rule = OURS[OURS.index("{ journey") : OURS.index(" ]\ntell")]

    with pytest.raises(PlaybookRefused, match="each clock of a journey is named once"):
        Playbooks.read(OURS.replace(rule, f"{rule}, {rule}"), KNOWN)
