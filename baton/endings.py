"""What ends on a day: certificates say theirs themselves, keys and credentials have it declared, or nobody knows it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from baton import production_peers as peers
from baton import wiring
from bots.kit.secrets.seam import moment_of
from core.settings import Settings
from fallbacks.expiry import Expires
from systems.environment import BadEnvironmentsError

AHEAD = timedelta(days=30)
"""A certificate that ends sooner is told of: whoever signs it needs time."""
KEYS = ("TEMPORAL_API_KEY", "BATON_CODEC_KEY_FILE", "BATON_EVIDENCE_KEY_FILE", "BATON_SECRETS_KEY_FILE")
"""They hold no day of their own: BATON_KEYS_END declares it."""
SHOWN = 4
"""Names in a sentence."""


class End(NamedTuple):
    """A setting, what it names, and when that ends; None where no day is declared."""

    name: str
    what: str
    expires_at: datetime | None

    def sentence(self, now: datetime) -> str:
        """Said when it has ended or soon will."""
        if self.expires_at is None or self.expires_at - now >= AHEAD:
            return ""
        return (
            f"{self.name}: {self.what} {'ended' if self.expires_at <= now else 'ends'} on {self.expires_at:%Y-%m-%d}."
        )


@dataclass(frozen=True)
class Endings:
    """Certificates and keys with a day, settings whose certificate cannot be read, and names without a day."""

    ends: list[End]
    unread: list[str]
    undeclared: list[str]

    def sentences(self, now: datetime) -> list[str]:
        """What is to be renewed, or cannot be read."""
        return [told for one in self.ends if (told := one.sentence(now))] + self.unread

    def nobody_knows(self) -> list[str]:
        """A sentence when there is something without a day."""
        if not self.undeclared:
            return []
        shown = ", ".join(self.undeclared[:SHOWN]) + (" and more" if len(self.undeclared) > SHOWN else "")
        return [f"No day of expiry is declared for {shown}: nobody is warned before it."]


def found(settings: Settings, credentials: Sequence[Expires]) -> Endings:
    """Read the certificates anew, and put the declared days beside them."""
    ends, unread = [], []
    for name, file in _certificates(settings):
        try:
            ends.append(End(name, f"the certificate {file}", _end_of(file)))
        except (OSError, ValueError):
            unread.append(f"{name}: {file} cannot be read.")
    keys = _keys(settings)
    ends += [one for one in keys if one.expires_at]
    undeclared = [one.name for one in keys if one.expires_at is None]
    undeclared += sorted(one.name for one in credentials if one.expires_at is None)
    return Endings(ends, unread, undeclared)


def _certificates(settings: Settings) -> list[tuple[str, str]]:
    """Every certificate that a setting names, and its file."""
    facts = peers.database_facts(settings.database_url)
    named = {
        **{f"{name} of BATON_DATABASE_URL": facts.get(name, "") for name in ("sslrootcert", "sslcert")},
        **{name: os.environ.get(name, "") for name in peers.TEMPORAL_CERTIFICATES},
        "BATON_VAULT_CA_FILE": str(settings.vault_ca_file or ""),
        "BATON_MAILBOX_CA_FILE": str(settings.mailbox_ca_file or ""),
        **_of_the_systems(settings),
    }
    return [(name, file) for name, file in named.items() if file and file != "system"]


def _of_the_systems(settings: Settings) -> dict[str, str]:
    try:
        places = list(wiring.known_places(settings))
    except BadEnvironmentsError:
        return {}  # no part starts with it, and `baton check` names what is wrong
    return {
        f"{which} of {one.system}.{one.name}": str(file)
        for one in places
        for which, file in (("ca_file", one.ca_file), ("client_certificate", one.client_certificate))
        if file
    }


def _end_of(file: str) -> datetime:
    """When the first certificate of that file ends. OSError or ValueError when there is none."""
    return min(one.not_valid_after_utc for one in x509.load_pem_x509_certificates(Path(file).read_bytes()))


def _keys(settings: Settings) -> list[End]:
    """The keys that are set, each with the day that BATON_KEYS_END declares; one that is no day declares none."""
    files = {f"BATON_{name.upper()}": getattr(settings, name) for name in
             ("codec_key_file", "evidence_key_file", "secrets_key_file")}  # fmt: skip
    there = {"TEMPORAL_API_KEY": os.environ.get("TEMPORAL_API_KEY"), **files}
    pairs = (one.partition("=") for one in settings.keys_end.split(","))
    declared = {name.strip(): moment_of(day.strip()) for name, _, day in pairs}
    return [End(name, "the key", declared.get(name)) for name in KEYS if there[name]]
