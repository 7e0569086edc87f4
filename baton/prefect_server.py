"""Prefect beside Baton: its server and a worker for batch work, with everything it keeps in the data folder."""

import sysconfig
from pathlib import Path

from baton.data_folder import DataFolder
from baton.parts import Part, Wave
from baton.ports import LOOPBACK, Ports
from baton.ready import answers_http

POOL = "baton"
# Seen: six seconds on a quiet machine; its first start also makes its own database.
STARTS_WITHIN = 120.0


def environment(folder: DataFolder, ports: Ports) -> dict[str, str]:
    """What Prefect's programs and our flows need to find this server, and none other."""
    return {
        "PREFECT_HOME": str(folder.private("prefect")),
        "PREFECT_API_URL": f"http://{LOOPBACK}:{ports.prefect}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_LOGGING_COLORS": "false",
    }


def server(ports: Ports, root: Path) -> Part:
    """The server with its UI."""
    command = (program(), "server", "start", "--host", LOOPBACK, "--port", str(ports.prefect))
    check = answers_http(ports.prefect, "/api/health")
    return Part("prefect", command, check, Wave.WORKERS, cwd=root, ready_within=STARTS_WITHIN)


def worker(ports: Ports, root: Path) -> Part:
    """The worker that runs flows as processes; it makes its pool, which is how we know that it is there."""
    command = (program(), "--no-prompt", "worker", "start", "--pool", POOL, "--type", "process")
    check = answers_http(ports.prefect, f"/api/work_pools/{POOL}")
    return Part("prefect-worker", command, check, Wave.FACES, cwd=root, ready_within=STARTS_WITHIN)


def deployment(ports: Ports, root: Path) -> Part:
    """Registers the flows of `prefect.yaml`; ends by itself."""
    command = (program(), "--no-prompt", "deploy", "--all")
    check = answers_http(ports.prefect, "/api/health")
    return Part("prefect-deploy", command, check, cwd=root, ready_within=STARTS_WITHIN)


def program() -> str:
    """The `prefect` program beside our own Python."""
    return str(Path(sysconfig.get_path("scripts")) / "prefect")
