"""What a system's environment asks of a browser and of an API's client: proxy, language, certificates.

A certificate that does not fit is never passed over. An API's client trusts the environment's `ca_file` by itself.
Chromium takes no such file and is given a home folder of its own instead (`bots/kit/trust.py`).
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bots.kit.containment import Egress
from systems.environment import Environment


@dataclass(frozen=True)
class Surroundings:
    """The ways of one environment. `home` is for browsers: a home folder whose key store trusts `ca_file`."""

    ca_file: Path | None = None
    client_certificate: tuple[Path, Path] | None = None
    egress: tuple[str, ...] = ()
    home: Path | None = None
    proxy: str = ""
    locale: str = ""
    time_zone: str = ""

    @classmethod
    def of(cls, environment: Environment, egress: tuple[str, ...] = ()) -> "Surroundings":
        """As the operator's file says it; `egress` are the other origins that the system's pages may reach."""
        pair = (environment.client_certificate, environment.client_key)
        return cls(
            egress=egress,
            ca_file=environment.ca_file,
            client_certificate=(pair[0], pair[1]) if pair[0] and pair[1] else None,
            proxy=environment.proxy,
            locale=environment.locale,
            time_zone=environment.time_zone,
        )

    def for_context(self, url: str) -> dict[str, Any]:
        """What a browser's context is made with, for the system at `url`."""
        found: dict[str, Any] = {}
        if self.proxy:
            found["proxy"] = {"server": self.proxy}
        if self.locale:
            found["locale"] = self.locale
        if self.time_zone:
            found["timezone_id"] = self.time_zone
        if self.client_certificate:
            at = urlsplit(url)
            certificate, key = self.client_certificate
            one = {"origin": f"{at.scheme}://{at.netloc}", "certPath": str(certificate), "keyPath": str(key)}
            found["client_certificates"] = [one]
        return found

    def for_client(self) -> dict[str, Any]:
        """What an API's client is made with. No proxy means none, whatever this machine has for the outside."""
        found: dict[str, Any] = {"trust_env": False}
        if self.proxy:
            found["proxy"] = self.proxy
        if self.ca_file or self.client_certificate:
            trusts = ssl.create_default_context(cafile=self.ca_file)
            if self.client_certificate:
                trusts.load_cert_chain(*self.client_certificate)
            found["verify"] = trusts
        return found

    def flag(self, url: str) -> str:
        """The rule that a browser for the system at `url` starts with: where it may connect to, and nowhere else.

        A client's certificate is shown by a helper of Playwright's own on this machine, at a port that nobody knows.
        """
        rule = Egress.of(url, *self.egress).flag(self.proxy)
        return f"{rule} , EXCLUDE 127.0.0.1" if self.client_certificate else rule
