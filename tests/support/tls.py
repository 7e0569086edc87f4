"""A certificate authority of the tests' own, and a server over TLS that tells who asks and how."""

import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Papers:
    """Files: the authority, and certificate and key of server and client."""

    ca: Path
    server: tuple[Path, Path]
    client: tuple[Path, Path]


def papers(folder: Path, days: int = 2) -> Papers:
    """Fresh ones, for 127.0.0.1, of which the authority lasts so many days."""
    ca_key = generate_private_key(SECP256R1())
    ca = folder / "ca.pem"
    ca.write_bytes(_certificate("Authority of the tests", ca_key, ca_key, is_ca=True, days=days).public_bytes(PEM))
    return Papers(ca, _issue(folder, "desk", ca_key), _issue(folder, "bot", ca_key))


@contextmanager
def asked_over_tls(mine: Papers, *, client: bool = False) -> Iterator[str]:
    """A page that says who the client is; its address. `client`: nobody without a certificate gets in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*mine.server)
    if client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(mine.ca)
    server = _Quiet(("127.0.0.1", 0), _Page)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.connection, ssl.SSLSocket)
        shown = self.connection.getpeercert() or {}
        subject: Any = shown.get("subject", ())
        names = [value for part in subject for _, value in part]
        body = f"hello {' '.join(map(str, names)) or 'nobody'}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that hangs up over a certificate is what the tests are about."""


def _issue(folder: Path, name: str, ca_key: EllipticCurvePrivateKey) -> tuple[Path, Path]:
    key = generate_private_key(SECP256R1())
    certificate, secret = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(_certificate(name, key, ca_key).public_bytes(PEM))
    secret.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate, secret


def _certificate(
    name: str, key: EllipticCurvePrivateKey, ca_key: EllipticCurvePrivateKey, *, is_ca: bool = False, days: int = 2
) -> x509.Certificate:
    now = datetime.now(UTC)
    home = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("Authority of the tests"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(home, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
