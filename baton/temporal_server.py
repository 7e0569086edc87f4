"""Temporal's own dev server with its UI, kept on disk: the durable engine of one machine."""

import datetime as dt
import os
import shutil
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from baton.embedded import Embedded
from baton.parts import Part, Wave
from baton.ports import LOOPBACK, free_base

SEARCH_ATTRIBUTES = {
    "BatonJourney": "Keyword",
    "BatonStage": "Keyword",
    "BatonSystem": "Keyword",
    "BatonFailureClass": "Keyword",
    "BatonSignature": "Keyword",
    "BatonCaseUrl": "Keyword",
    "BatonDueAt": "Datetime",
}
KINDS = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}
# A day by default: after it links into the UI die and ids of closed cases may be used again.
RETENTION = dt.timedelta(days=30)
DEFAULT_NAMESPACE = "default"
FAIR = (
    "matching.enableFairness=true",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
)
"""Work that waits for a seat is handed out by priority, and files take turns; both hold within one partition only."""
STUCK_FROM = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute"
"""A stuck workflow task is found by a query (`TemporalReportedProblems`) from so many failures on: by default five."""
NAMESPACE_CACHE = "system.namespaceCacheRefreshInterval"


class TemporalMissing(Exception):
    """The program `temporal` is nowhere to be found."""


def find_binary() -> Path:
    """The `temporal` program: beside our own Python, else on PATH. Raises TemporalMissing."""
    beside = Path(sysconfig.get_path("scripts")) / "temporal"
    if os.access(beside, os.X_OK):
        return beside
    found = shutil.which("temporal")
    if found is None:
        raise TemporalMissing("The program temporal was not found. Install the requirements again: make setup")
    return Path(found)


@dataclass(frozen=True)
class TemporalServer:
    """One dev server: its ports on loopback, and its file, or memory when it has none."""

    port: int
    metrics_port: int
    ui_port: int | None = None
    database: Path | None = None
    codec: str = ""  # the address at which its UI has payloads decoded

    @property
    def address(self) -> str:
        """As TEMPORAL_ADDRESS takes it."""
        return f"{LOOPBACK}:{self.port}"

    def part(self) -> Part:
        """This server as a part."""
        kept = ["--db-filename", str(self.database)] if self.database else []
        journal = ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=1"] if self.database else []
        face = ["--headless"] if self.ui_port is None else ["--ui-port", str(self.ui_port), "--ui-disable-news-fetch"]
        face += ["--ui-codec-endpoint", self.codec] if self.codec and self.ui_port is not None else []
        pairs = [f"{name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()]
        attributes = [word for pair in pairs for word in ("--search-attribute", pair)]
        ports = ["--ip", LOOPBACK, "--port", str(self.port), "--metrics-port", str(self.metrics_port)]
        # New namespaces (one for each test) are usable at once, not after the default ten seconds.
        set_so = [f'{NAMESPACE_CACHE}="1s"', f"{STUCK_FROM}=2", *FAIR]
        quick = [word for value in set_so for word in ("--dynamic-config-value", value)]
        command = [str(find_binary()), "server", "start-dev", *ports, *face, *kept, *journal, *attributes, *quick]
        return Part("temporal", (*command, "--log-level", "warn"), self.is_ready, Wave.TEMPORAL)

    async def is_ready(self) -> bool:
        """Whether it serves its default namespace; sets how long closed workflows are kept."""
        try:
            client = await Client.connect(self.address)
            await keep(client, DEFAULT_NAMESPACE)
            return not await missing_search_attributes(client, DEFAULT_NAMESPACE)
        except (RPCError, RuntimeError):
            return False


async def keep(client: Client, namespace: str) -> None:
    """Set the retention of a namespace unless it is that long already."""
    service = client.workflow_service
    found = await service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    if found.config.workflow_execution_retention_ttl.ToTimedelta() < RETENTION:
        config = NamespaceConfig(workflow_execution_retention_ttl=retention())
        await service.update_namespace(UpdateNamespaceRequest(namespace=namespace, config=config))


async def missing_search_attributes(client: Client, namespace: str) -> list[str]:
    """Our search attributes that a namespace does not have."""
    request = ListSearchAttributesRequest(namespace=namespace)
    found = await client.operator_service.list_search_attributes(request)
    return [name for name in SEARCH_ATTRIBUTES if name not in found.custom_attributes]


async def add_namespace(client: Client, namespace: str) -> None:
    """Make a namespace with our retention and search attributes; one that exists is completed."""
    request = RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=retention())
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as fault:
        if fault.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    attributes = {name: KINDS[kind] for name, kind in SEARCH_ATTRIBUTES.items()}
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=namespace, search_attributes=attributes)
    )


def retention() -> Duration:
    """The retention as Temporal's messages carry it."""
    made = Duration()
    made.FromTimedelta(RETENTION)
    return made


class EmbeddedTemporal(Embedded):
    """A dev server of one's own, for tests and tools: in memory, or on a file that survives `kill`."""

    def __init__(self, database: Path | None = None, *, port: int = 0, ui: bool = False) -> None:
        super().__init__()
        base = port or free_base(3)
        self.server = TemporalServer(base, base + 1, base + 2 if ui else None, database)
        self._temporary: Path | None = None

    @property
    def address(self) -> str:
        """As TEMPORAL_ADDRESS takes it."""
        return self.server.address

    def prepare(self) -> Part:
        """Only the log needs a place."""
        self._temporary = Path(tempfile.mkdtemp(prefix="baton-temporal-"))
        self.log = self._temporary / "temporal.log"
        return self.server.part()

    def let_go(self) -> None:
        """Remove the log."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
