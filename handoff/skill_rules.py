"""Which skills a handoff asks for: a queue's rules, one a line, as in `cause = damage: claims`."""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

Field = Literal["cause", "persona", "channel", "kind", "tier", "journey"]
FIELDS: tuple[str, ...] = get_args(Field)


class SkillRuleError(ValueError):
    """A line that is no rule; the message says which and what is wanted."""


class SkillRule(BaseModel):
    """Whatever has this value in this field asks for this skill."""

    model_config = ConfigDict(frozen=True)

    field: Field
    value: str
    skill: str

    def line(self) -> str:
        """The rule as it is written."""
        return f"{self.field} = {self.value}: {self.skill}"


def read(text: str) -> tuple[SkillRule, ...]:
    """The rules of a text, a line each; empty ones are passed over. SkillRuleError names the first that is none."""
    return tuple(_rule(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())


def wanted(rules: Iterable[SkillRule], facts: Mapping[str, str]) -> tuple[str, ...]:
    """The skills that somebody needs for a handoff with these facts, each once, in alphabetical order."""
    found = {rule.skill for rule in rules if facts.get(rule.field, "").casefold() == rule.value.casefold()}
    return tuple(sorted(found))


def words(text: str) -> tuple[str, ...]:
    """Names parted by commas or lines, in lower case, each once."""
    return tuple(dict.fromkeys(word.strip().lower() for word in text.replace("\n", ",").split(",") if word.strip()))


def _rule(number: int, line: str) -> SkillRule:
    condition, colon, skill = line.partition(":")
    field, equals, value = condition.partition("=")
    field, value, skill = field.strip().lower(), value.strip(), skill.strip().lower()
    if not (colon and equals and value and skill):
        raise SkillRuleError(f"Line {number} is no rule: write as in “cause = damage: claims”.")
    if field not in FIELDS:
        raise SkillRuleError(f"Line {number}: “{field}” is not known; one of {', '.join(FIELDS)}.")
    return SkillRule.model_validate({"field": field, "value": value, "skill": skill})
