"""House rule: what Baton stands on is known: each licence was looked at, and the bill of materials is whole."""

import json
import re
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from core.settings import Settings
from scripts import licences, sbom
from tests.house import tree


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    """The bill of materials of this tree."""
    return sbom.made()


def test_each_licence_was_looked_at() -> None:
    """Every locked package of the runtime has a licence that we named; a new word stops here."""
    rows = licences.found()

    assert {row.name for row in rows} == licences.locked().keys()
    assert all(row.spdx for row in rows)


def test_a_licence_that_nobody_looked_at_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package under other words is named with them."""
    monkeypatch.delitem(licences.ALLOWED, "LGPL-3.0-only")

    with pytest.raises(licences.NotLookedAtError, match=r"psycopg: LGPL-3\.0-only"):
        licences.found()


def test_the_page_of_licences_is_current() -> None:
    """docs/licences.md is what `make licences` writes."""
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page(licences.found())


def test_the_bill_of_materials_is_whole(bill: dict[str, Any]) -> None:
    """It holds every locked package at its version with hashes and licence, and the console's browser files."""
    listed = {one["purl"]: one for one in bill["components"]}
    wanted = {f"pkg:pypi/{name}@{version}" for name, version in licences.locked().items()}

    assert wanted <= listed.keys()
    assert all(listed[one]["externalReferences"][0]["hashes"] and listed[one]["licenses"] for one in wanted)
    assert [one for one in listed if one.startswith("pkg:npm/htmx.org@")]


def test_the_bill_of_materials_is_cyclonedx(bill: dict[str, Any]) -> None:
    """The specification's own schema takes it: a few components of each kind, for all are made alike."""
    few = {**bill, "components": [*bill["components"][:4], *bill["components"][-2:]]}

    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(few))

    assert (bill["specVersion"], wrong) == ("1.6", None)


def test_what_security_promises_is_there() -> None:
    """SECURITY.md names only settings and verbs of make that exist."""
    text = (tree.ROOT / "SECURITY.md").read_text(encoding="utf-8")
    makefile = (tree.ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    assert set(re.findall(r"BATON_[A-Z_]+", text)) <= {f"BATON_{name.upper()}" for name in Settings.model_fields}
    assert {"audit", "sbom"} <= set(re.findall(r"`make ([a-z-]+)`", text)) <= verbs
