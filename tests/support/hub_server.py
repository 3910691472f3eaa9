"""A model hub on loopback, as far as downloading goes: a repository's list, files in ranges, and faults."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import unquote


@dataclass
class HubServer:
    """Serves `files` (repository -> name -> content) until the block is left."""

    files: dict[str, dict[str, bytes]]
    break_after: int | None = None
    """Close the connection after this many bytes of a file, once."""
    announced: dict[str, str] = field(default_factory=dict[str, str])
    """sha256 that the list gives for a file instead of the true one."""
    token: str = ""
    """If set, what requests must bring along."""
    gated: str = ""
    """A repository whose licence nobody has accepted yet."""
    requests: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Method, path and Range of each request."""

    def __enter__(self) -> HubServer:
        hub = self

        class Handler(_Handler):
            server_hub = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def listing(self, repository: str) -> dict[str, object]:
        siblings: list[dict[str, object]] = []
        for name, content in self.files[repository].items():
            digest = self.announced.get(name, hashlib.sha256(content).hexdigest())
            lfs = {"sha256": digest, "size": len(content), "pointerSize": 134}
            siblings.append({"rfilename": name, "size": len(content), "blobId": digest[:40], "lfs": lfs})
        return {
            "id": repository,
            "modelId": repository,
            "sha": "c" * 40,
            "private": False,
            "siblings": siblings,
        }


class _Handler(BaseHTTPRequestHandler):
    server_hub: HubServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self) -> None:
        hub = self.server_hub
        path = unquote(self.path.partition("?")[0])
        hub.requests.append((self.command, path, self.headers.get("Range", "")))
        if hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self._refuse(401, "RepoNotFound")
        elif hub.gated and hub.gated in path:
            self._refuse(403, "GatedRepo")
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/\w+)?", path):
            if match[1] in hub.files:
                self._send(
                    200, json.dumps(hub.listing(match[1])).encode(), {"Content-Type": "application/json"}
                )
            else:
                self._refuse(404, "RepoNotFound")
        elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/\w+/(.+)", path):
            content = hub.files.get(match[1], {}).get(match[2])
            if content is None:
                self._refuse(404, "EntryNotFound")
            else:
                self._file(content)
        elif path == "/moved":
            self._send(302, b"", {"Location": next(iter(hub.files)).join(("/", "/resolve/main/")) + "m.gguf"})
        elif path == "/round":
            self._send(302, b"", {"Location": "/round"})
        else:
            self._refuse(404, "EntryNotFound")

    def _file(self, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()
        headers = {"ETag": f'"{digest}"', "X-Linked-Etag": f'"{digest}"', "X-Repo-Commit": "c" * 40}
        headers |= {"X-Linked-Size": str(len(content)), "Accept-Ranges": "bytes"}
        start, status = 0, 200
        if match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start, status = int(match[1]), 206
            if start >= len(content):
                self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._send(status, content[start:], headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        hub = self.server_hub
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if hub.break_after is not None and len(body) > hub.break_after:
            body, hub.break_after = body[: hub.break_after], None
            self.close_connection = True
        self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self._send(
            status, b"{}", {"X-Error-Code": code, "X-Error-Message": "no", "Content-Type": "application/json"}
        )
