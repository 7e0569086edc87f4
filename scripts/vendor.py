"""Brings the few browser files the console needs into the tree, at exact versions, so that its users need no Node.

Run `python -m scripts.vendor` (it needs npm) after a version below was changed; the files, their checksums and their
licences are then committed together.
"""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = ROOT / "console" / "static" / "vendor"
TESTS = ROOT / "tests" / "support" / "vendor"
CHECKSUMS = "checksums.json"
ICONS = (
    "activity alert-octagon alert-triangle archive arrow-back-up arrow-left arrow-right ban bell brand-speedtest "
    "briefcase check checklist chevron-down chevron-left chevron-right chevron-up circle-check circle-dashed "
    "circle-dot clock clock-exclamation clock-pause copy database-off device-desktop download edit external-link "
    "eye-question file-text file-upload files flag git-pull-request hand-stop headset help history hourglass home "
    "inbox info-circle keyboard link list list-check lock logout mail map-pin menu-2 message message-report moon "
    "package phone photo player-play plus point refresh robot route search send server settings shield-lock sun tag "
    "ticket timeline trash truck truck-delivery upload user user-check user-off users x zoom-question"
).split()


@dataclass(frozen=True)
class Package:
    """An npm package at one version: files inside it with their names here, and icons by their names."""

    name: str
    version: str
    licence: str
    files: dict[str, str]
    into: Path = CONSOLE
    icons: list[str] = field(default_factory=list)


PACKAGES = (
    Package("@tabler/core", "1.6.1", "", {"dist/css/tabler.min.css": "tabler.min.css"}),
    Package("@tabler/icons", "3.51.0", "LICENSE", {}, icons=ICONS),
    Package(
        "htmx.org", "4.0.1", "LICENSE", {"dist/htmx.min.js": "htmx.min.js", "dist/ext/hx-sse.min.js": "hx-sse.min.js"}
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "LICENSE",
        {
            "files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
        },
    ),
    Package("axe-core", "4.14.1", "LICENSE", {"axe.min.js": "axe.min.js"}, into=TESTS),
)

TABLER_LICENCE = """\
MIT License

Copyright (c) 2018-2026 The Tabler Authors

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
"""The core package names its licence (MIT) in package.json but ships no text of it."""


def main() -> None:
    """Fetch every package and write files, licences and checksums anew."""
    for folder in (CONSOLE, TESTS):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            take(package, unpack(package, Path(scratch)))
    for folder in (CONSOLE, TESTS):
        sums = {path: digest(folder / path) for path in vendored(folder)}
        (folder / CHECKSUMS).write_text(json.dumps(sums, indent=1) + "\n", encoding="utf-8")
        print(f"{folder.relative_to(ROOT)}: {len(sums)} files")


def unpack(package: Package, scratch: Path) -> Path:
    """Let npm fetch the package (it verifies the registry's integrity hash) and unpack it."""
    place = scratch / package.name.replace("/", "_")
    place.mkdir()
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    told = subprocess.run(command, cwd=place, check=True, capture_output=True, text=True)
    with tarfile.open(place / told.stdout.split()[-1]) as archive:
        archive.extractall(place, filter="data")
    return place / "package"


def take(package: Package, unpacked: Path) -> None:
    """Copy the few files and the licence."""
    for source, target in package.files.items():
        found = (unpacked / source).read_bytes()
        # The maps stay behind, so the hint that points at them would only make a missing request.
        (package.into / target).write_bytes(
            found.split(b"\n//# sourceMappingURL")[0].split(b"\n/*# sourceMappingURL")[0]
        )
    for icon in package.icons:
        drawn = package.into / "icons" / f"{icon}.svg"
        drawn.parent.mkdir(exist_ok=True)
        shutil.copyfile(unpacked / "icons" / "outline" / f"{icon}.svg", drawn)
    licences = package.into / "licences"
    licences.mkdir(exist_ok=True)
    text = (unpacked / package.licence).read_text(encoding="utf-8") if package.licence else TABLER_LICENCE
    name = package.name.replace("/", "-").lstrip("@")
    (licences / f"{name}-{package.version}.txt").write_text(text, encoding="utf-8")


def vendored(folder: Path) -> list[str]:
    """Every vendored file below `folder`, as relative names with slashes."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != CHECKSUMS)
    return sorted(path.relative_to(folder).as_posix() for path in files)


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
