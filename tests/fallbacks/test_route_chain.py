"""The choice of a way for an entry whose own is held: by its chain, by the playbook, and never round a doubt."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fallbacks.route_chain import Choice, Held, Rule, choose
from systems.base import DEFERRED, PERSON, System
from systems.servicedesk import SERVICEDESK

WAYS = ("api", "bot", "fax")
CHAINS = some.lists(some.sampled_from((*WAYS, DEFERRED, PERSON)), max_size=5, unique=True).map(tuple)
HELD = some.builds(
    Held,
    route=some.sampled_from(WAYS),
    chain=CHAINS,
    free=some.lists(some.sampled_from(WAYS), unique=True).map(tuple),
    may_be_in=some.booleans(),
    approved=some.booleans(),
    playbook=some.sampled_from(("", "carrier pigeon", DEFERRED, PERSON, *WAYS)),
)
USUAL = ("api", "bot", DEFERRED, PERSON)


@pytest.mark.failure_mode("F25")
@given(HELD.map(lambda held: held.model_copy(update={"may_be_in": True})))
def test_what_may_be_in_takes_no_other_way(held: Held) -> None:
    """F25: whatever chain, playbook and free ways say, an entry in doubt stays where it is."""
    assert choose(held) == Choice(to=DEFERRED, rule=Rule.BARRED)


@given(HELD)
def test_nothing_is_sent_where_nothing_goes(held: Held) -> None:
    """Every choice is a way that is free now, the line, or a person; an entry is never left without one."""
    assert choose(held).to in (*held.free, DEFERRED, PERSON)


@pytest.mark.parametrize(
    ("held", "choice"),
    [
        pytest.param(Held(route="api", chain=USUAL, free=("bot",)), ("bot", Rule.NEXT_WAY), id="the next free one"),
        pytest.param(Held(route="bot", chain=USUAL, free=("api",)), ("api", Rule.NEXT_WAY), id="back to the usual one"),
        pytest.param(Held(route="api", chain=USUAL), (DEFERRED, Rule.IN_LINE), id="none is free"),
        pytest.param(Held(route="api", chain=("api", PERSON)), (PERSON, Rule.NO_WAITING), id="it does not wait"),
        pytest.param(Held(route="api", chain=("api",)), (PERSON, Rule.NO_WAITING), id="a chain that ends"),
        pytest.param(
            Held(route="api", chain=(DEFERRED, "bot"), free=("bot",)), (DEFERRED, Rule.IN_LINE), id="the line first"
        ),
        pytest.param(
            Held(route="api", chain=USUAL, free=("bot",), playbook=PERSON), (PERSON, Rule.PLAYBOOK), id="the playbook"
        ),
        pytest.param(
            Held(route="api", chain=USUAL, free=("bot",), playbook="fax"),
            ("bot", Rule.NEXT_WAY),
            id="a playbook's way that is not free",
        ),
        pytest.param(
            Held(route="bot", chain=USUAL, free=("api",), approved=True), (DEFERRED, Rule.APPROVED), id="approved there"
        ),
    ],
)
def test_the_way_is_the_first_of_its_chain_that_is_free(held: Held, choice: tuple[str, Rule]) -> None:
    """The chain says the order; the playbook of an outage goes before it, as far as its way is free."""
    assert (choose(held).to, choose(held).rule) == choice


def test_a_chain_names_ways_that_are_there() -> None:
    """An operation that names a way which its system does not have is refused as the system is declared."""
    declared = SERVICEDESK.operations["open_ticket"]
    wrong = type(declared)(**{**vars(declared), "routes": ("pigeon", PERSON)})

    with pytest.raises(ValueError, match=r"servicedesk\.open_ticket: there is no way called pigeon"):
        System(**{**vars(SERVICEDESK), "operations": {"open_ticket": wrong}})
    assert SERVICEDESK.chain_of("open_ticket") == USUAL
