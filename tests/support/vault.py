"""A small server of ours that speaks the part of Vault's HTTP API that Baton reads: tokens, AppRole, key-value 2."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

ROLE, SECRET_ID = "role-of-baton", "secret-id-of-baton"


class Vault:
    """Real HTTP on a free port. `token` is what it takes; `asked` are the requests it has seen, without bodies."""

    def __init__(self, mount: str = "secret", path: str = "baton") -> None:
        self.token = "token-1"
        self.sealed = False
        self.mount, self.path = mount, path
        self.kept: dict[str, list[dict[str, Any] | None]] = {}
        self.about: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        vault = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                vault.answer(self)

            def do_POST(self) -> None:
                vault.answer(self)

            def do_LIST(self) -> None:
                vault.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, name: str, about: dict[str, str] | None = None, **fields: str) -> None:
        """A new version of a secret."""
        self.kept.setdefault(name, []).append(fields)
        self.about[name] = about or self.about.get(name, {})

    def delete(self, name: str) -> None:
        """Delete the newest version, as `vault kv delete` does."""
        self.kept[name][-1] = None

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.asked.append(f"{request.command} {request.path}")
        status, said = self._said(request, body)
        data = json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _said(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, Any]]:
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if (request.command, request.path) == ("POST", "/v1/auth/approle/login"):
            return self._login(json.loads(body))
        if request.headers.get("X-Vault-Token") != self.token:
            return 403, {"errors": ["permission denied"]}
        for kind in ("data", "metadata"):
            start = f"/v1/{self.mount}/{kind}/{self.path}"
            if request.path == start and request.command == "LIST" and kind == "metadata":
                return (200, {"data": {"keys": sorted(self.kept)}}) if self.kept else (404, {"errors": []})
            if request.path.startswith(f"{start}/") and request.command == "GET":
                return self._one(kind, request.path.removeprefix(f"{start}/"))
        return 405, {"errors": ["unsupported operation"]}

    def _login(self, who: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if (who.get("role_id"), who.get("secret_id")) != (ROLE, SECRET_ID):
            return 400, {"errors": ["invalid role or secret ID"]}
        return 200, {"auth": {"client_token": self.token, "lease_duration": 1200, "renewable": True}}

    def _one(self, kind: str, name: str) -> tuple[int, dict[str, Any]]:
        versions = self.kept.get(name)
        if versions is None:
            return 404, {"errors": []}
        when = "2026-11-01T08:00:00.123456789Z"
        about = {"custom_metadata": self.about[name] or None, "updated_time": when}
        if kind == "metadata":
            return 200, {"data": {**about, "current_version": len(versions), "versions": {}}}
        told = {**about, "created_time": when, "destroyed": False, "version": len(versions)}
        if versions[-1] is None:
            return 404, {"data": {"data": None, "metadata": {**told, "deletion_time": when}}}
        return 200, {"data": {"data": versions[-1], "metadata": {**told, "deletion_time": ""}}}
