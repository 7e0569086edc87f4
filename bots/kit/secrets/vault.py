"""Credentials from HashiCorp Vault's key-value engine, version 2, over its HTTP API. It only reads.

A credential `orderdesk-bot01` is the secret `<mount>/<path>/orderdesk-bot01` with the fields `password` (or `value`),
and where they are needed `username`, `totp_seed` and `expires_at`. For a list without values, `expires_at` may stand
in the secret's custom metadata too.
"""

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict

from bots.kit.secrets.seam import Known, Secret, SecretsAway, moment_of, proper
from core.faults import CredentialMissing

SECONDS = 10.0


class VaultAt(BaseModel):
    """Where Vault is and who we are there: a token's file, or an AppRole's id with the file of its secret id."""

    model_config = ConfigDict(frozen=True)

    url: str
    mount: str = "secret"
    path: str = "baton"
    namespace: str = ""
    token_file: Path | None = None
    role_id: str = ""
    secret_id_file: Path | None = None
    approle: str = "approle"
    ca_file: Path | None = None


class VaultSecrets:
    """The provider. A token of an AppRole is asked for when it is needed and again when Vault no longer takes it."""

    def __init__(self, at: VaultAt) -> None:
        self._at = at
        self._trusts = ssl.create_default_context(cafile=at.ca_file)  # made once: it takes 50 ms
        self._token = ""

    async def fetch(self, name: str) -> Secret:
        """The newest version; a deleted one counts as missing."""
        name = proper(name)
        found = await self._ask("GET", self._address("data", name), missing=name)
        fields = found.get("data")
        if not isinstance(fields, dict):
            raise CredentialMissing(f"{name} is deleted in Vault")
        value = str(fields.get("password") or fields.get("value") or "")
        if not value:
            raise CredentialMissing(f"{name} has neither `password` nor `value` in Vault")
        about = found.get("metadata") or {}
        expires = fields.get("expires_at") or (about.get("custom_metadata") or {}).get("expires_at") or ""
        return Secret(
            name,
            value,
            user=str(fields.get("username") or ""),
            totp_seed=str(fields.get("totp_seed") or ""),
            expires_at=moment_of(str(expires)),
            version=str(about.get("version", "")),
        )

    async def known(self) -> list[Known]:
        """The names below our path, from their metadata alone: no value is read for a list."""
        try:
            listed = await self._ask("LIST", self._address("metadata", ""), missing="")
        except CredentialMissing:
            return []  # Vault answers 404 for a folder without entries
        names = [name for name in listed.get("keys", []) if isinstance(name, str) and not name.endswith("/")]
        return [await self._known(name) for name in sorted(names)]

    async def _known(self, name: str) -> Known:
        about = await self._ask("GET", self._address("metadata", name), missing=name)
        return Known(
            name=name,
            expires_at=moment_of(str((about.get("custom_metadata") or {}).get("expires_at", ""))),
            changed_at=moment_of(str(about.get("updated_time", ""))),
            version=str(about.get("current_version", "")),
        )

    def _address(self, kind: str, name: str) -> str:
        parts = (self._at.mount, kind, self._at.path, name)
        return "/v1/" + "/".join(quote(part.strip("/"), safe="/") for part in parts if part.strip("/"))

    async def _ask(self, method: str, address: str, *, missing: str) -> dict[str, Any]:
        """The `data` of an answer. Whatever Vault says is put into our own words: its errors may quote a path."""
        async with self._client() as client:
            answer = await self._send(client, method, address, await self._signed_in(client))
            if answer.status_code == httpx.codes.FORBIDDEN and self._at.role_id:
                self._token = ""  # the AppRole's token has run out: one new one, and no third try
                answer = await self._send(client, method, address, await self._signed_in(client))
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise CredentialMissing(f"Vault holds no {missing}")
        return _data(answer)

    def _client(self) -> httpx.AsyncClient:
        url = self._at.url.rstrip("/")
        return httpx.AsyncClient(base_url=url, timeout=SECONDS, verify=self._trusts, trust_env=False)

    async def _send(
        self, client: httpx.AsyncClient, method: str, address: str, token: str, json: Any = None
    ) -> httpx.Response:
        headers = {"X-Vault-Request": "true"}
        if token:
            headers["X-Vault-Token"] = token
        if self._at.namespace:
            headers["X-Vault-Namespace"] = self._at.namespace
        try:
            return await client.request(method, address, headers=headers, json=json)
        except httpx.HTTPError as error:
            raise SecretsAway(f"Vault does not answer ({type(error).__name__})") from None

    async def _signed_in(self, client: httpx.AsyncClient) -> str:
        if not self._at.role_id:
            return _read(self._at.token_file, "BATON_VAULT_TOKEN_FILE")
        if not self._token:
            wanted = {
                "role_id": self._at.role_id,
                "secret_id": _read(self._at.secret_id_file, "BATON_VAULT_SECRET_ID_FILE"),
            }
            answer = await self._send(client, "POST", f"/v1/auth/{self._at.approle}/login", "", wanted)
            if not answer.is_success:
                raise SecretsAway(f"Vault refused the AppRole ({answer.status_code})")
            self._token = str((_json(answer).get("auth") or {}).get("client_token") or "")
        return self._token


def _read(file: Path | None, setting: str) -> str:
    if file is None:
        raise SecretsAway(f"{setting} is not set")
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SecretsAway(f"{setting}: {file} cannot be read") from None


def _data(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise SecretsAway("Vault refused: the token is over, or its policy does not let it read our path")
    if not answer.is_success:
        raise SecretsAway(f"Vault answered {answer.status_code}")  # 503: sealed; 429: standby
    data = _json(answer).get("data")
    if not isinstance(data, dict):
        raise SecretsAway("this is no answer of Vault's key-value engine, version 2")
    return data


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        raise SecretsAway("this is no answer of Vault") from None
    return found if isinstance(found, dict) else {}
