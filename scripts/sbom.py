"""The bill of materials of what runs: `make sbom` writes var/sbom.cdx.json (CycloneDX) from lock and npm files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts import licences
from scripts.vendor import CONSOLE, PACKAGES

ROOT = Path(__file__).resolve().parent.parent
BILL = ROOT / "var" / "sbom.cdx.json"
TOOL = Path(sys.executable).parent / "cyclonedx-py"


def main() -> int:
    """Write it; the path is its last word."""
    try:
        bill = made()
    except licences.NotLookedAtError as trouble:
        print(f"{trouble}\nLook at it, then name it in scripts/licences.py.", file=sys.stderr)
        return 1
    BILL.parent.mkdir(exist_ok=True)
    BILL.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    print(BILL)
    return 0


def made(version: str = "") -> dict[str, Any]:
    """Every locked package with version, hashes and licence, and the browser files; `version`: of a release."""
    command = [
        str(TOOL),
        "requirements",
        "requirements.lock",
        "--pyproject",
        "pyproject.toml",
        "--output-reproducible",
        "--no-validate",
    ]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    bill: dict[str, Any] = json.loads(listed)
    known = {one.name: one.spdx for one in licences.found()}
    for component in bill["components"]:
        component.pop("description", None)  # the line of the lock, which says nothing new
        component["licenses"] = [{"expression": known[component["name"].replace("_", "-").replace(".", "-").lower()]}]
    bill["components"] += [
        _from_npm(one.name, one.version, licences.FROM_NPM[one.name]) for one in PACKAGES if one.into == CONSOLE
    ]
    if version:
        bill["metadata"]["component"]["version"] = version
    root = bill["metadata"]["component"]["bom-ref"]
    depends = [one["bom-ref"] for one in bill["components"]]
    bill["dependencies"] = [{"ref": root, "dependsOn": depends}, *({"ref": one} for one in depends)]
    return bill


def _from_npm(name: str, version: str, licence: str) -> dict[str, Any]:
    purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
    return {
        "bom-ref": purl,
        "type": "library",
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{"expression": licence}],
    }


if __name__ == "__main__":
    sys.exit(main())
