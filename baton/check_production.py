"""`baton check --production`: what is not fit for customers' data, in one sentence each, and where to read on."""

import asyncio
import os
from collections.abc import Callable

import psycopg
from obstore.exceptions import BaseError
from temporalio.service import RPCError

from baton import endings, temporal_peer, wiring
from baton import production_peers as peers
from baton.check import Finding
from baton.data_folder import demo_sign_ins
from baton.production_peers import beside_us
from baton.seen import traces
from core import clock
from core.faults import CredentialMissing, Fault
from core.settings import Settings
from fallbacks.expiry import due
from records.access import DEMO_PASSWORD
from systems.environment import BadEnvironmentsError

GUIDE = "docs/production.md"
FAULT_SWITCHES = ("BATON_CRASH_AT", "BATON_CRASH_TOLD_TO", "BATON_CRASH_MARKER")
COMMON_PASSWORDS = {"", "baton", "postgres", "password", "secret", "test", "admin", "changeme", "change-me"}


Look = Callable[[Settings], str]
"""Says in a sentence what is not fit, and nothing when all is."""


def look(settings: Settings) -> list[Finding]:
    """Hold these settings, and what answers at their addresses, against what production needs; nothing is changed."""
    return [_finding(name, one(settings)) for name, one in LOOKS.items()]


def _finding(name: str, unfit: str) -> Finding:
    if not unfit:
        return Finding(name=name, well=True, said="fit")
    return Finding(name=name, well=False, said=unfit, mend=f"Read {GUIDE}#{name.lower().replace(' ', '-')}")


def demo(settings: Settings) -> str:
    """No demo systems, and nobody with the password that everybody knows."""
    if settings.demo:
        return "BATON_DEMO is on: demo systems and demo users are let in."
    try:
        users = peers.open_demo_users(settings.database_url) if settings.database_url else 0
    except psycopg.Error:
        return "Whether there are demo users cannot be seen: the database does not answer."
    return f"{users} demo users may sign in with “{DEMO_PASSWORD}”." if users else ""


def default_secrets(settings: Settings) -> str:
    """No credential has the value that the demo prints, and the database's password is no word that everybody tries."""
    password = peers.database_facts(settings.database_url).get("password")
    if password is not None and password.lower() in COMMON_PASSWORDS:
        return "The password in BATON_DATABASE_URL is one that everybody tries first."
    try:
        shared = asyncio.run(_of_the_demo(settings))
    except Fault as fault:
        return f"The credentials cannot be read: {fault.sentence()}"
    return f"{', '.join(shared)}: the value is the demo's, which is printed." if shared else ""


async def _of_the_demo(settings: Settings) -> list[str]:
    kept, printed = wiring.secrets(settings), set(demo_sign_ins().values())
    found = []
    for known in await kept.known():
        try:
            secret = await kept.fetch(known.name)
        except CredentialMissing:
            continue  # it went between the two questions
        if secret.reveal() in printed:
            found.append(known.name)
    return found


def temporal_server(_settings: Settings) -> str:
    """A Temporal cluster is named, and it is not the dev server."""
    if not os.environ.get("TEMPORAL_ADDRESS") and not os.environ.get("TEMPORAL_CONFIG_FILE"):
        return "No Temporal cluster is named (TEMPORAL_ADDRESS)."
    try:
        store = asyncio.run(asyncio.wait_for(peers.temporal_store(), peers.ANSWER_WITHIN))
    except (RPCError, RuntimeError, TimeoutError, OSError):
        return "The Temporal cluster does not answer, so it cannot be told whether it is the dev server."
    if store == "sqlite":
        return "This is Temporal's dev server: one process on one SQLite file, without rights."
    return ""


def temporal_over_tls(_settings: Settings) -> str:
    """What goes to Temporal is encrypted, and it knows who we are: a client's certificate or an API key."""
    try:
        config = temporal_peer.config()
    except (OSError, RuntimeError, ValueError) as trouble:
        return f"The settings TEMPORAL_* cannot be used: {trouble}."
    if beside_us(config.get("target_host", "").rpartition(":")[0]):
        return ""
    tls = config.get("tls")
    if not tls:
        return "Temporal is reached in the clear (TEMPORAL_TLS)."
    if not config.get("api_key") and not getattr(tls, "client_cert", None):
        return "Temporal lets us in without asking: neither a client's certificate nor an API key is set."
    return ""


def postgresql_over_tls(settings: Settings) -> str:
    """What goes to PostgreSQL is encrypted, and its certificate is checked against its name."""
    facts = peers.database_facts(settings.database_url)
    if not facts:
        return "No PostgreSQL is named (BATON_DATABASE_URL)."
    if all(beside_us(host) for host in facts.get("host", "").split(",")):
        return ""
    mode = facts.get("sslmode", "prefer")
    if mode != "verify-full":
        return f"sslmode is {mode}: anybody in between may read along or answer in its place."
    return ""


def database_roles(settings: Settings) -> str:
    """The parts work as a role that can neither change tables nor rewrite what is only ever added to."""
    if not settings.database_url:
        return "No PostgreSQL is named (BATON_DATABASE_URL)."
    try:
        too_much = peers.rights_beyond(settings.database_url)
    except psycopg.Error:
        return "The database does not answer, so its rights cannot be seen."
    return f"The parts' role {too_much}." if too_much else ""


def evidence(settings: Settings) -> str:
    """Evidence lies where every part sees it: a store that answers, or a folder that somebody named on purpose."""
    if settings.evidence_url:
        try:
            asyncio.run(wiring.evidence(settings).holds_anything())
        except SystemExit as unusable:
            return str(unusable)
        except (BaseError, OSError) as error:
            kind = type(error).__name__
            return f"The evidence store does not answer ({kind}): is there such a bucket, and may we read it?"
        return ""
    return "Evidence lies in each part's own data folder: with several machines no part sees the others'."


def fault_switches(_settings: Settings) -> str:
    """No process is told to kill itself."""
    found = [name for name in FAULT_SWITCHES if os.environ.get(name)]
    return f"{', '.join(found)}: parts kill or stop themselves, as tests want it." if found else ""


def keys(settings: Settings) -> str:
    """Both keys are files that are there, and that only we may read."""
    files = {"BATON_CODEC_KEY_FILE": settings.codec_key_file, "BATON_EVIDENCE_KEY_FILE": settings.evidence_key_file}
    for name, file in files.items():
        if file is None:
            return f"{name} is not set: each part would make a key of its own or refuse to start."
        if not file.is_file():
            return f"{name}: {file} is not there."
        if file.stat().st_mode & 0o007:
            return f"{name}: everybody on this machine may read {file}."
    return ""


def expiry(settings: Settings) -> str:
    """No certificate and no key ends within a month, and no credential within a fortnight."""
    now = clock.now()
    if ending := endings.found(settings, []).sentences(now):
        return " ".join(ending)
    try:
        late = due(asyncio.run(wiring.secrets(settings).known()), now)
    except Fault as fault:
        return f"The credentials cannot be read: {fault.sentence()}"
    return " ".join(late) if late else ""


def console_address(settings: Settings) -> str:
    """People reach the console over https, or their session can be read on the way."""
    if settings.console_url.startswith("https://"):
        return ""
    return f"BATON_CONSOLE_URL is {settings.console_url}: sessions go in the clear, links lead there."


def sender(settings: Settings) -> str:
    """Customers' mails leave, and as somebody of ours."""
    if not settings.smtp_url:
        return "No mail server is named (BATON_SMTP_URL): customers are told nothing."
    if settings.mail_from == Settings.model_fields["mail_from"].default:
        return f"BATON_MAIL_FROM is still {settings.mail_from}."
    return ""


def environments(settings: Settings) -> str:
    """There is a system to work on, and no address of one leads to this machine."""
    try:
        places = list(wiring.known_places(settings))
    except BadEnvironmentsError as bad:
        return f"The systems file cannot be used: {' '.join(bad.sentences)}"
    if not places:
        return "No legacy system has an address: bots have nothing to work on."
    here = [f"{one.system}.{one.name}" for one in places if beside_us(peers.host_of(one.address))]
    return f"{', '.join(here)}: the address is this machine's, as a demo system's." if here else ""


def build(settings: Settings) -> str:
    """The workers say which build they are, so that a new one can come in beside them, and go again."""
    if settings.build:
        return ""
    return "BATON_BUILD is not set: the next build takes over every open case at once, and there is no way back."


def traces_over_tls(_settings: Settings) -> str:
    """What goes to a collector of traces is encrypted, where there is one."""
    address = traces.collector(os.environ)
    here = bool(peers.host_of(address)) and beside_us(peers.host_of(address))
    if not address or here or address.lower().startswith("https://"):
        return ""
    return "Traces go to their collector in the clear (OTEL_EXPORTER_OTLP_ENDPOINT)."


LOOKS: dict[str, Look] = {
    "Demo": demo,
    "Default secrets": default_secrets,
    "Temporal server": temporal_server,
    "Temporal over TLS": temporal_over_tls,
    "PostgreSQL over TLS": postgresql_over_tls,
    "Database roles": database_roles,
    "Build": build,
    "Evidence": evidence,
    "Fault switches": fault_switches,
    "Keys": keys,
    "Expiry": expiry,
    "Console address": console_address,
    "Sender": sender,
    "Legacy systems": environments,
    "Traces over TLS": traces_over_tls,
}
"""Each is a heading of docs/production.md."""
