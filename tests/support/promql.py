"""What Prometheus makes of the parts' numbers: scraped as it scrapes, rules parsed by a parser of its language.

Evaluated is what deploy/alerts.yml uses: selectors, min and max, sums and comparisons, `time`, `absent`, `vector`.
Anything else is an error here and no silent answer.
"""

import asyncio
import operator
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx
import promql_parser as promql
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Series = list[tuple[str, Labels, float]]
Vector = dict[Labels, float]
"""What a rule gives: it rings for each series that is left."""
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
RECKON: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
GROUP: Mapping[str, Callable[[Iterable[float]], float]] = {"min": min, "max": max, "sum": sum}


async def scrape(addresses: Mapping[str, str], within: float) -> Series:
    """The numbers of every part, each with its `instance`, and `up`; a part that says nothing in time is down."""
    async with httpx.AsyncClient(timeout=within, trust_env=False) as client:
        answers = await asyncio.gather(*(_ask(client, name, url) for name, url in addresses.items()))
    return [one for answer in answers for one in answer]


async def _ask(client: httpx.AsyncClient, name: str, url: str) -> Series:
    target = {("instance", name), ("job", "baton")}
    try:
        answer = (await client.get(f"{url}/metrics")).raise_for_status().text
    except httpx.HTTPError:
        return [("up", frozenset(target), 0.0)]
    families = text_string_to_metric_families(answer)
    said = [
        (one.name, frozenset(target | set(one.labels.items())), one.value) for all_ in families for one in all_.samples
    ]
    return [("up", frozenset(target), 1.0), *said]


def evaluate(expression: str, series: Series) -> Vector:
    """The series that an expression gives now."""
    found = _of(promql.parse(expression), series)
    assert isinstance(found, dict), f"a number alone rings for nothing: {expression}"
    return found


def names(expression: str) -> set[str]:
    """The names of the metrics that an expression asks for."""
    found: set[str] = set()

    def visit(one: promql.Expr) -> bool:
        if isinstance(one, promql.VectorSelector) and one.name:
            found.add(one.name)
        return True

    promql.walk(promql.parse(expression), visit)
    return found


def _of(expression: Any, series: Series) -> Vector | float:
    match expression:
        case promql.NumberLiteral():
            return float(expression.val)
        case promql.ParenExpr():
            return _of(expression.expr, series)
        case promql.VectorSelector():
            return _selected(expression, series)
        case promql.AggregateExpr():
            return _grouped(expression, series)
        case promql.BinaryExpr():
            return _both(str(expression.op), _of(expression.lhs, series), _of(expression.rhs, series))
        case promql.Call():
            return _called(expression.func.name, [_of(one, series) for one in expression.args])
    raise AssertionError(f"no alarm used this before, so it is to be taught here: {expression.prettify()}")


def _selected(wanted: Any, series: Series) -> Vector:
    found = {labels: value for name, labels, value in series if name == wanted.name}
    return {
        labels: value for labels, value in found.items() if all(_fits(one, labels) for one in wanted.matchers.matchers)
    }


def _fits(matcher: Any, labels: Labels) -> bool:
    value = dict(labels).get(matcher.name, "")
    if matcher.op == promql.MatchOp.Equal:
        return bool(value == matcher.value)
    assert matcher.op == promql.MatchOp.Re, "the rules use = and =~"
    return re.fullmatch(matcher.value, value) is not None


def _grouped(wanted: Any, series: Series) -> Vector:
    found = _of(wanted.expr, series)
    assert isinstance(found, dict)
    kept = set(wanted.modifier.labels) if wanted.modifier else set()
    groups: dict[Labels, list[float]] = {}
    for labels, value in found.items():
        groups.setdefault(frozenset(one for one in labels if one[0] in kept), []).append(value)
    return {labels: GROUP[str(wanted.op)](values) for labels, values in groups.items()}


def _both(sign: str, left: Vector | float, right: Vector | float) -> Vector | float:
    """Each with each; two vectors meet where their labels are the same. A comparison leaves what holds."""
    if isinstance(left, float) and isinstance(right, float):
        return RECKON[sign](left, right)
    at = left.keys() if isinstance(left, dict) else right.keys() if isinstance(right, dict) else set()
    if isinstance(left, dict) and isinstance(right, dict):
        at = left.keys() & right.keys()
    pairs = {
        one: (left[one] if isinstance(left, dict) else left, right[one] if isinstance(right, dict) else right)
        for one in at
    }
    if sign in COMPARE:
        return {
            one: (a if isinstance(left, dict) else b) for one, (a, b) in pairs.items() if COMPARE[sign](a, b)
        }  # a comparison filters, and keeps the vector's own value
    return {one: RECKON[sign](a, b) for one, (a, b) in pairs.items()}


def _called(name: str, arguments: list[Vector | float]) -> Vector | float:
    if name == "time":
        return time.time()
    (given,) = arguments
    if name == "absent":
        return {frozenset(): 1.0} if given == {} else {}
    assert (name, isinstance(given, float)) == ("vector", True), name
    return {frozenset(): float(given)} if isinstance(given, float) else {}
