"""What changed of a screen, in words that people use; and over any two screens, nothing said that is not so."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failure.difference import Change, Layout, LayoutField, differences, in_words

FORM = (("Status", "status"), ("Region", "region"), ("Reason code", "reason"), ("Attempt", "attempt"), ("Text", "text"))
GOOD = Layout.of("S31", FORM)


@pytest.mark.failure_mode("F12")
@pytest.mark.parametrize(
    ("now", "said"),
    [
        (FORM, ""),
        (
            (*FORM[:2], *FORM[3:], ("Cause", "reason")),
            'field "Reason code" is now "Cause", moved from row 3 to row 5',
        ),
        ((*FORM, ("Cost centre", "cost_centre")), 'field "Cost centre" is new'),
        ((("Cost centre", "cost_centre"), *FORM), 'field "Cost centre" is new'),
        ((*FORM[:1], *FORM[2:]), 'field "Region" is gone'),
        (
            (("State", "status"), *FORM[1:4], ("Cost centre", "cc")),
            'field "Status" is now "State"; field "Cost centre" is new; field "Text" is gone',
        ),
        ((("Status", "state"), *FORM[1:]), 'field "Status" is called "state" by the page in place of "status"'),
        (
            (*FORM[:2], ("Reasons code", "grund"), *FORM[3:]),
            'field "Reason code" is now "Reasons code", is called "grund" by the page in place of "reason"',
        ),
        (
            (*FORM[:2], ("Carrier", "carrier"), *FORM[3:]),
            'field "Carrier" is new; field "Reason code" is gone',
        ),
        ((FORM[1], FORM[0], *FORM[2:]), 'field "Region" moved from row 2 to row 1'),
    ],
)
def test_a_change_is_said_as_people_say_it(now: tuple[tuple[str, str], ...], said: str) -> None:
    """F12: moved, renamed, new and gone fields are each named once; what others pushed aside has not moved."""
    assert in_words(differences(GOOD, Layout.of("S31", now))) == said


def test_another_kind_of_field_is_a_change() -> None:
    """F12: a text field that became a list is told; of a kind that nobody looked at nothing is said."""
    text = Layout(screen="S", fields=(LayoutField(caption="Status", name="status", kind="text", row=1),))
    chosen = Layout(screen="S", fields=(LayoutField(caption="Status", name="status", kind="select", row=1),))

    assert in_words(differences(text, chosen)) == 'field "Status" is of kind select in place of text'
    assert differences(text, Layout.of("S", [("Status", "status")])) == ()


def test_a_long_list_of_changes_ends_with_how_many_more_there_are() -> None:
    """A screen that is another one altogether is not told in a page of words."""
    changes = [Change(now=LayoutField(caption=f"Field {number}", row=number)) for number in range(10)]

    assert in_words(changes).endswith('field "Field 7" is new; and 2 more')


WORDS = st.text("abcdeXYZ äß", min_size=1, max_size=8)
FIELDS = st.lists(st.tuples(WORDS, st.one_of(st.just(""), WORDS)), max_size=9)


@given(FIELDS, FIELDS)
def test_every_field_is_accounted_for(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
    """Nothing is left out and nothing told twice, however two screens look: what is not told is there as it was."""
    good, now = Layout.of("S", before), Layout.of("S", after)

    changes = differences(good, now)

    gone = [change.was for change in changes if change.was is not None]
    new = [change.now for change in changes if change.now is not None]
    same_before = [(field.caption, field.name) for field in good.fields if field not in gone]
    same_after = [(field.caption, field.name) for field in now.fields if field not in new]
    assert sorted(same_before) == sorted(same_after)
    assert len(set(gone)) == len(gone)
    assert len(set(new)) == len(new)
    assert all(change.words for change in changes)
    assert (changes == ()) == (before == after)


@dataclass(frozen=True)
class Release:
    """What a new release did to a form."""

    renamed: int | None
    gone: int | None
    new: int | None


RELEASES = st.builds(
    Release,
    renamed=st.one_of(st.none(), st.integers(0, 4)),
    gone=st.one_of(st.none(), st.integers(0, 4)),
    new=st.one_of(st.none(), st.integers(0, 4)),
)


@given(RELEASES)
def test_what_a_release_did_is_what_is_told(done: Release) -> None:
    """F12: a field with a new caption, one gone and one new are told as just that, and nothing as moved."""
    form = [("Cause" if at == done.renamed else caption, name) for at, (caption, name) in enumerate(FORM)]
    kept = [field for at, field in enumerate(form) if at != done.gone]
    if done.new is not None:
        kept.insert(done.new, ("Cost centre", "cost_centre"))
    told = {change.words for change in differences(GOOD, Layout.of("S31", kept))}

    expected = set()
    if done.gone is not None:
        expected.add(f'field "{FORM[done.gone][0]}" is gone')
    if done.renamed is not None and done.renamed != done.gone:
        expected.add(f'field "{FORM[done.renamed][0]}" is now "Cause"')
    if done.new is not None:
        expected.add('field "Cost centre" is new')
    assert told == expected


@given(st.permutations(FORM))
def test_what_stands_in_another_order_is_told_as_moved_and_as_nothing_else(now: list[tuple[str, str]]) -> None:
    """F12: putting back the fields that are told as moved gives the order that was."""
    changes = differences(GOOD, Layout.of("S31", now))

    moved = {change.was.name for change in changes if change.was is not None and change.moved}
    assert all(change.moved for change in changes)
    stayed = {field[1] for before, field in zip(FORM, now, strict=True) if before == field}
    others = [field for field in now if field[1] not in moved | stayed]
    assert others == [field for field in FORM if field[1] not in moved | stayed]
