"""What `baton up` runs: the parts of one machine, and the environment that tells them of each other."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from baton import prefect_server, ready
from baton.data_folder import DataFolder
from baton.parts import Part, Wave
from baton.ports import LOOPBACK, Ports
from baton.postgres import Cluster
from baton.temporal_server import DEFAULT_NAMESPACE, TemporalServer

ROOT = Path(__file__).resolve().parent.parent
# The worker imports every journey and the bots a browser driver; on a busy machine that takes a while.
SLOW_START = 90.0
DEMO_SYSTEMS = {"orderdesk": "the order desk", "servicedesk": "the service desk", "fieldboard": "the dispatch board"}
"""The legacy systems to try everything on, with words for people."""
DEMO_FILE = ROOT / "demo" / "data" / "systems.toml"
"""What is said of them where nobody says anything else of any system."""
ASKED = {"worker": "worker_health", "bots": "bots_health", "ticks": "ticks_health"}
"""The parts without pages, and the ports on which they say how they are."""


@dataclass(frozen=True)
class Options:
    """How a person wants it run."""

    data_dir: Path = Path(".baton")
    port_base: int = 8400
    demo: bool = True
    prefect: bool = False
    verbose: bool = False
    fast: bool = False  # for tests: PostgreSQL without fsync


@dataclass(frozen=True)
class Stack:
    """Everything on one machine, put together but not started."""

    options: Options
    folder: DataFolder
    ports: Ports
    cluster: Cluster
    temporal: TemporalServer
    own_mail: bool  # a mail server of the user's own is set; no sink is needed

    def environment(self) -> dict[str, str]:
        """What every part finds in its environment, over what the shell has."""
        ports = self.ports
        values = {
            "BATON_DATABASE_URL": self.cluster.url(),
            "BATON_DATA_DIR": str(self.folder.path),
            "BATON_CONSOLE_URL": at(ports.console),
            "BATON_CONSOLE_HOST": LOOPBACK,
            "BATON_CONSOLE_PORT": str(ports.console),
            "BATON_HEALTH_PORT": "0",  # each part is given its own; one of the shell's would be for a single part
            "BATON_HEALTH_URLS": ",".join(f"{name}={at(getattr(ports, port))}" for name, port in ASKED.items()),
            "BATON_TEMPORAL_UI_URL": at(ports.temporal_ui),
            "BATON_CODEC_KEY_FILE": str(self.folder.codec_key()),
            "BATON_DEMO": "1" if self.options.demo else "0",
            "TEMPORAL_ADDRESS": self.temporal.address,
            "TEMPORAL_NAMESPACE": DEFAULT_NAMESPACE,
        }
        if not self.own_mail:
            values["BATON_SMTP_URL"] = f"smtp://{LOOPBACK}:{ports.smtp}"
            values["BATON_REPLY_TO"] = "service@example.org"
            values["BATON_MAILBOX_URL"] = f"maildir://{quote(str(self.replies()))}"
        if self.options.demo:
            values |= {f"BATON_{name.upper()}_URL": at(getattr(ports, name)) for name in DEMO_SYSTEMS}
            values |= self.folder.demo_secrets()
            values |= {} if os.environ.get("BATON_SYSTEMS_FILE") else {"BATON_SYSTEMS_FILE": str(DEMO_FILE)}
        if self.options.prefect:
            values |= prefect_server.environment(self.folder, ports)
        return values

    def ports_in_use(self) -> dict[str, str]:
        """The ports that will be listened on, with words for people."""
        names = {
            "console": "the console",
            "temporal": "Temporal",
            "temporal_ui": "the Temporal UI",
            "temporal_metrics": "Temporal's metrics",
            "postgres": "PostgreSQL",
            **{port: f"the health of the part {name}" for name, port in ASKED.items()},
        }
        if self.options.demo:
            names |= DEMO_SYSTEMS
        if not self.own_mail:
            names |= {"smtp": "the mail sink", "mail": "the mail sink's page"}
        if self.options.prefect:
            names["prefect"] = "Prefect"
        return names

    def foundations(self) -> list[Part]:
        """What the others stand on; started first, together."""
        return [self.cluster.part(), self.temporal.part(), *self.demo_systems(), *self.mail_sink()]

    def demo_systems(self) -> list[Part]:
        """The legacy systems to try everything on."""
        ports = {name: getattr(self.ports, name) for name in DEMO_SYSTEMS} if self.options.demo else {}
        return [self.demo_part(name, port, "--port", str(port)) for name, port in ports.items()]

    def mail_sink(self) -> list[Part]:
        """A mail server that keeps what it is given and shows it."""
        if self.own_mail:
            return []
        ports = ("--smtp-port", str(self.ports.smtp), "--http-port", str(self.ports.mail))
        return [self.demo_part("mail", self.ports.mail, *ports, "--replies", str(self.replies()))]

    def replies(self) -> Path:
        """The Maildir in which answers from the sink's page arrive."""
        return self.folder.path / "demo" / "replies"

    def demo_part(self, name: str, port: int, *arguments: str) -> Part:
        """`python -m demo.<name>`."""
        command = (sys.executable, "-m", f"demo.{name}", *arguments, "--data", str(self.folder.path / "demo" / name))
        return Part(name, command, ready.answers_http(port), Wave.DEMO, cwd=ROOT)

    def migration(self) -> Part:
        """Brings the database to this build's schema; ends by itself."""
        return verb("migrate", ready.said_so(self.folder.record), Wave.FACES)

    def baton_itself(self) -> list[Part]:
        """Our own processes; started when the foundations stand and the schema is current."""
        return [
            verb("console", ready.answers_http(self.ports.console), Wave.FACES),
            self.silent("ticks", Wave.FACES),
            self.silent("bots", Wave.WORKERS),
            self.silent("worker", Wave.WORKERS),
        ]

    def silent(self, name: str, wave: Wave) -> Part:
        """A part without pages: it says that it works by `ready.tell()`, and on its own port how it is."""
        file = self.folder.path / "run" / f"{name}.ready"
        check = ready.said_so(file)
        env = {
            ready.READY_FILE: str(file),
            "BATON_HEALTH_HOST": LOOPBACK,
            "BATON_HEALTH_PORT": str(getattr(self.ports, ASKED[name])),
        }
        return verb(name, check, wave, env, clean=lambda: file.unlink(missing_ok=True))


def verb(
    name: str,
    check: ready.Ready,
    wave: Wave,
    env: Mapping[str, str] | None = None,
    clean: ready.Clean | None = None,
) -> Part:
    """One of our own verbs as a part."""
    command = (sys.executable, "-m", "baton", name)
    return Part(name, command, check, wave, env=env or {}, cwd=ROOT, ready_within=SLOW_START, clean=clean)


def at(port: int) -> str:
    """An address on this machine."""
    return f"http://{LOOPBACK}:{port}"


def surroundings(folder: DataFolder) -> dict[str, str]:
    """The shell's environment without what would lead a part elsewhere: another Temporal, another PostgreSQL."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEMPORAL_", "PG", "PREFECT_"))}
    nothing = folder.path / "temporal" / "client.toml"
    nothing.touch(mode=0o600)
    path = os.pathsep.join(part for part in (str(ROOT), kept.get("PYTHONPATH", "")) if part)
    # A client profile in the home folder must not add its TLS or key to our loopback server.
    return {**kept, "TEMPORAL_CONFIG_FILE": str(nothing), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
