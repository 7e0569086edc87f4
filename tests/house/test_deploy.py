"""House rule: what deploy/ says is true: it fits its own schemas, and names settings, verbs and rooms we have."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from baton.cli import app
from core.settings import Settings
from tests.house import tree

DEPLOY = tree.ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
TOOLS = Path(sys.executable).parent
PARTS = {"console", "worker", "ticks", "bots"}
FOREIGN = {"BATON_IMAGE", "BATON_OWNER_DATABASE_URL"}
"""Variables of the compose file itself: no part reads them."""


def test_the_containerfile_is_well_written() -> None:
    """hadolint finds nothing; what it is told to overlook stands beside the line with the reason."""
    _run(TOOLS / "hadolint", DEPLOY / "Containerfile")


def test_the_compose_file_fits_its_specification() -> None:
    """The schema of the compose specification takes it, and the file for the next build's workers."""
    _run(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", *sorted(DEPLOY.glob("compose*.yaml")))


def test_the_manifests_fit_kubernetes() -> None:
    """Each resource fits the API's own schema, and names no field that is not there."""
    _run(TOOLS / "kubernetes-validate", "--strict", "--quiet", *MANIFESTS)


def test_a_wrong_manifest_is_seen(tmp_path: Path) -> None:
    """The tool does look: a misspelt field is refused."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((DEPLOY / "kubernetes" / "ticks.yaml").read_text().replace("readinessProbe", "readynessProbe"))

    with pytest.raises(AssertionError, match="readynessProbe"):
        _run(TOOLS / "kubernetes-validate", "--strict", "--quiet", wrong)


def test_every_setting_is_one_that_a_part_reads() -> None:
    """A misspelt BATON_ variable would be ignored in silence, so none may stand in deploy/."""
    known = {f"BATON_{name.upper()}" for name in Settings.model_fields} | FOREIGN

    named = {word for path in _files() for word in re.findall(r"\bBATON_[A-Z_]+\b", path.read_text(encoding="utf-8"))}

    assert named - known == set()


def test_every_command_is_a_verb() -> None:
    """What containers are started with is a verb of `baton` with options it has; each part is there once."""
    verbs: Any = typer.main.get_command(app)
    started = [*_compose_commands(), *(container["args"] for container in _containers())]

    for verb, *options in started:
        known = {name for parameter in verbs.commands[verb].params for name in parameter.opts}
        assert {word for word in options if word.startswith("--")} <= known, f"{verb} {options}"
    assert sorted(words[0] for words in started) == sorted([*PARTS, "migrate"] * 2)


def test_the_image_holds_every_room_that_works() -> None:
    """A new room that nobody copies into the image would be missed at its first start; the demo stays outside."""
    copied = set(re.findall(r"^COPY (\w+) \1$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE))

    assert copied == tree.rooms() - {"demo"}


def test_each_part_starts_from_what_the_image_holds(tmp_path: Path) -> None:
    """The copied rooms alone are enough: every part's module loads without demo, tests and the rest of the tree."""
    for room in re.findall(r"^COPY (\w+) \1$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE):
        (tmp_path / room).symlink_to(tree.ROOT / room)
    modules = "baton.console_server, baton.worker, baton.ticks, baton.bots_worker, baton.cli, records.migrate"

    loaded = _run(sys.executable, "-P", "-c", _loading(tmp_path, modules))

    assert json.loads(loaded) == []


def test_no_secret_stands_in_a_file() -> None:
    """Manifests take secrets by reference only, and no address holds a password."""
    assert [one["metadata"]["name"] for one in _resources() if one["kind"] == "Secret"] == []
    for path in _files():
        assert re.search(r"://[^\s/@]*:[^\s/@]+@", path.read_text(encoding="utf-8")) is None, path.name
    for container in _containers():
        given = [one["name"] for one in container.get("env", []) if "value" in one]
        assert [name for name in given if re.search("PASSWORD|SECRET|KEY|TOKEN", name)] == []


def test_what_is_asked_from_outside_the_pod_is_served_there() -> None:
    """The kubelet and Prometheus come to the pod's address: each probed port is one that listens for others."""
    settings = next(one["data"] for one in _of("ConfigMap"))
    watched = next(one for one in _of("NetworkPolicy") if one["metadata"]["name"] == "baton-watched")
    let_in = {port["port"] for rule in watched["spec"]["ingress"] for port in rule["ports"]}
    for deployment in _of("Deployment"):
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        kind = "CONSOLE" if container["name"] == "console" else "HEALTH"
        served = int(settings[f"BATON_{kind}_PORT"])
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        probes = [container[f"{probe}Probe"]["httpGet"]["port"] for probe in ("startup", "liveness", "readiness")]
        probed = {ports[name] for name in probes}
        assert settings.get(f"BATON_{kind}_HOST") == "0.0.0.0", container["name"]  # noqa: S104  (of the pod)
        assert probed == set(ports.values()) == {served} <= let_in, container["name"]


def test_who_touches_evidence_may_reach_its_store() -> None:
    """Console, ticks and bots get the papers of the store, and nobody else does: in compose as in Kubernetes."""
    services = _compose()["services"].items()
    composed = {name for name, one in services if "secrets/evidence-store.env" in str(one["env_file"])}
    containers = [one for one in _containers() if "baton-evidence-store" in str(one.get("envFrom"))]

    assert composed == {one["name"] for one in containers} == PARTS - {"worker"}


def test_every_part_is_there_twice_and_never_all_gone() -> None:
    """Each part has two replicas, a budget, all three probes, no root and no way to write its own image."""
    budgets = {
        one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]: one for one in _of("PodDisruptionBudget")
    }
    for deployment in _of("Deployment"):
        spec, container = (
            deployment["spec"]["template"]["spec"],
            deployment["spec"]["template"]["spec"]["containers"][0],
        )
        assert deployment["spec"]["replicas"] == 2
        assert budgets[container["name"]]["spec"]["minAvailable"] == 1
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert (
        budgets.keys()
        == {one["spec"]["template"]["spec"]["containers"][0]["name"] for one in _of("Deployment")}
        == PARTS
    )


def test_secrets_and_their_keys_are_listed() -> None:
    """docs/production.md tells of every Secret that a manifest refers to, and of every file that compose mounts."""
    guide = (tree.ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    text = "".join(path.read_text(encoding="utf-8") for path in MANIFESTS)
    wanted = set(re.findall(r"secretName: ([\w-]+)|secretRef: {name: ([\w-]+)}|secretKeyRef: {name: ([\w-]+)", text))
    files = {one["file"] for one in _compose()["secrets"].values()} | {"secrets/evidence-store.env"}

    missing = [name for name in ({"".join(one) for one in wanted} | files) if f"`{name}`" not in guide]

    assert missing == []


def _run(*command: str | Path) -> str:
    """What it said; the test fails with it when the tool is not content."""
    done = subprocess.run(list(map(str, command)), cwd=tree.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def _files() -> Iterator[Path]:
    return (path for path in tree.files() if tree.name(path).startswith("deploy/"))


def _resources() -> list[dict[str, Any]]:
    return [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def _of(kind: str) -> list[dict[str, Any]]:
    return [one for one in _resources() if one["kind"] == kind]


def _containers() -> list[dict[str, Any]]:
    return [
        one
        for kind in ("Deployment", "Job")
        for job in _of(kind)
        for one in job["spec"]["template"]["spec"]["containers"]
    ]


def _compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def _compose_commands() -> list[list[str]]:
    return [service["command"] for service in _compose()["services"].values()]


def _loading(folder: Path, modules: str) -> str:
    """A program that loads them from that folder alone, and tells which came from elsewhere in the tree."""
    return (
        f"import json, sys; sys.path.insert(0, {str(folder)!r}); import {modules}\n"
        f"print(json.dumps([n for n in sys.modules if n.split('.')[0] in ('demo', 'tests', 'scripts', 'benchmarks')]))"
    )
