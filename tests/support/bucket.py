"""A bucket: as much of the S3 protocol as evidence needs (create-only put, get, delete, list), in the test itself."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Bucket:
    """What lies in it by its path, and where it is reached; `full` makes it refuse."""

    address: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    full: bool = False

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[str, bytes]:
        """Status line and body."""
        path, _, query = target.partition("?")
        if method == "PUT":
            if self.full:
                return "507 Insufficient Storage", b"<Error><Code>QuotaExceeded</Code></Error>"
            if path in self.objects and headers.get("if-none-match") == "*":
                return "412 Precondition Failed", b"<Error><Code>PreconditionFailed</Code></Error>"
            self.objects[path] = body
            return "200 OK", b""
        if method == "POST":  # the one request by which many are deleted
            keys = [key.decode() for key in re.findall(rb"<Key>(.*?)</Key>", body)]
            for key in keys:
                self.objects.pop(f"{path.rstrip('/')}/{key}", None)
            told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            return "200 OK", f"<DeleteResult>{told}</DeleteResult>".encode()
        return self._asked(path, query)

    def _asked(self, path: str, query: str) -> tuple[str, bytes]:
        if "list-type=2" in query:
            kept = "".join(_listed(key, len(data)) for key, data in sorted(self.objects.items()))
            return "200 OK", f"<ListBucketResult>{kept}</ListBucketResult>".encode()
        if path not in self.objects:
            return "404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>"
        return "200 OK", self.objects[path]


def _listed(path: str, size: int) -> str:
    key = path.split("/", 2)[2]  # without the bucket's own name
    return (
        f"<Contents><Key>{key}</Key><LastModified>2026-11-20T09:00:00.000Z</LastModified><Size>{size}</Size></Contents>"
    )


@asynccontextmanager
async def a_bucket() -> AsyncIterator[Bucket]:
    """A bucket that listens on this machine."""
    bucket = Bucket()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ", 2)
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, data = bucket.answer(method, path, headers, body)
                etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
                answer = f'HTTP/1.1 {status}\r\nETag: "{etag}"\r\nLast-Modified: Fri, 20 Nov 2026 09:00:00 GMT\r\n'
                writer.write(f"{answer}Content-Length: {len(data)}\r\n\r\n".encode() + data)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has what it wants
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        bucket.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield bucket
