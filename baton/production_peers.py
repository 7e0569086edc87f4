"""What `baton check --production` asks of PostgreSQL and Temporal, and how it reads their addresses."""

import ipaddress
import os
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from temporalio.api.workflowservice.v1 import GetClusterInfoRequest
from temporalio.service import RPCError, RPCStatusCode

from baton import temporal_peer
from records.database import libpq_url
from records.rights import ONLY_ADDED_TO

ANSWER_WITHIN = 5
TEMPORAL_CERTIFICATES = ("TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_SERVER_CA_CERT_PATH")
FROM_ENVIRONMENT = {
    "host": "PGHOST",
    "password": "PGPASSWORD",
    "sslcert": "PGSSLCERT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}
RIGHTS = """
SELECT r.rolsuper, r.rolcreaterole OR r.rolcreatedb,
       has_schema_privilege(current_user, 'public', 'CREATE'),
       EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
               AND pg_has_role(current_user, c.relowner, 'MEMBER')),
       EXISTS (SELECT 1 FROM unnest(%s::text[]) AS t(name) WHERE to_regclass('public.' || t.name) IS NOT NULL
               AND (has_table_privilege(current_user, 'public.' || t.name, 'UPDATE')
                 OR has_table_privilege(current_user, 'public.' || t.name, 'DELETE')
                 OR has_table_privilege(current_user, 'public.' || t.name, 'TRUNCATE')))
FROM pg_roles r WHERE r.rolname = current_user
"""
WORDS = (
    "is a superuser",
    "may make roles or databases",
    "may make tables",
    "owns tables, and may drop them",
    "may rewrite the event log",
)


def beside_us(host: str) -> bool:
    """Whether that host is this machine: nothing goes over a wire."""
    bare = host.strip("[]")
    if bare in ("", "localhost") or bare.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def host_of(address: str) -> str:
    """The host of an http address."""
    return urlsplit(address).hostname or ""


def database_facts(url: str) -> dict[str, str]:
    """What the database's address and libpq's own variables say; empty when there is no address."""
    if not url:
        return {}
    said = {name: str(value) for name, value in conninfo_to_dict(libpq_url(url)).items() if value is not None}
    around = {name: os.environ[variable] for name, variable in FROM_ENVIRONMENT.items() if os.environ.get(variable)}
    return {**around, **said}


def rights_beyond(url: str) -> str:
    """What the role of this address may do and no part needs, in words; empty when there is nothing."""
    with psycopg.connect(libpq_url(url), connect_timeout=ANSWER_WITHIN) as connection:
        found = connection.execute(RIGHTS, (list(ONLY_ADDED_TO),)).fetchone()
    assert found is not None, "everybody who asks is a role"
    return next((word for word, has in zip(WORDS, found, strict=True) if has), "")


def open_demo_users(url: str) -> int:
    """How many demo users may sign in; none where there are no tables yet."""
    with psycopg.connect(libpq_url(url), connect_timeout=ANSWER_WITHIN) as connection:
        there = connection.execute("SELECT to_regclass('public.users') IS NOT NULL").fetchone()
        if there is None or not there[0]:
            return 0
        counted = connection.execute("SELECT count(*) FROM users WHERE demo AND disabled_at IS NULL").fetchone()
    return int(counted[0]) if counted else 0


async def temporal_store() -> str:
    """What Temporal keeps its histories in, as in postgres12, cassandra or sqlite; empty where it does not tell us."""
    client = await temporal_peer.client()
    try:
        found = await client.workflow_service.get_cluster_info(GetClusterInfoRequest())
    except RPCError as fault:
        if fault.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            return ""
        raise
    return found.persistence_store
