from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qwen_code.errors import ConfigurationError
from qwen_code.http import HttpClient, is_loopback
from qwen_code.transport_error import TransportError
from tests.support.chat_server import ChatServer


async def _get(url: str, proxy: str, ca_file: str, headers: dict[str, str]) -> tuple[int, bytes]:
    client = HttpClient(proxy=proxy, ca_file=ca_file)
    try:
        async with client.request("GET", url, headers=headers) as response:
            return response.status, await response.read(1_000_000)
    finally:
        await client.aclose()


def get(
    url: str, *, proxy: str = "", ca_file: str = "", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    return asyncio.run(_get(url, proxy, ca_file, headers or {}))


def failure_at(url: str, proxy: str = "", ca_file: str = "") -> TransportError:
    with pytest.raises(TransportError) as caught:
        get(url, proxy=proxy, ca_file=ca_file)
    return caught.value


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class OneShot:
    """A listener that answers every connection with fixed bytes and keeps what came."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.received: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
                with connection:
                    self.received.append(connection.recv(65536))
                    connection.sendall(self.answer)
            except OSError:
                return

    def __enter__(self) -> OneShot:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def test_a_body_is_read_up_to_its_limit() -> None:
    async def first_bytes(url: str) -> bytes:
        client = HttpClient()
        async with client.request("GET", url) as response:
            body = await response.read(5)
        await client.aclose()
        return body

    with ChatServer() as server:
        assert asyncio.run(first_bytes(f"{server.base_url}/models")) == b'{"obj'


def test_packed_bodies_are_unpacked() -> None:
    import gzip

    packed = gzip.compress(b"hello")
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    with OneShot(head + packed) as server:
        assert get(f"http://127.0.0.1:{server.port}/") == (200, b"hello")


def test_every_way_to_fail_has_its_kind() -> None:
    assert failure_at(f"http://127.0.0.1:{unused_port()}/").kind == "refused"
    assert failure_at("http://no-such-host.invalid/").kind in ("unknown_host", "name_service")
    assert failure_at("gopher://127.0.0.1/").kind == "invalid_url"
    with OneShot(b"") as server:
        assert failure_at(f"http://127.0.0.1:{server.port}/").kind == "reset"
    with OneShot(b"SSH-2.0-OpenSSH_9.6\r\n\r\n") as server:
        silent = failure_at(f"http://127.0.0.1:{server.port}/")
        assert (silent.kind, str(silent)) == ("reset", "the server does not speak HTTP")


def test_tls_to_a_plain_port_says_so() -> None:
    with OneShot(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n") as server:
        error = failure_at(f"https://127.0.0.1:{server.port}/")
        assert (error.kind, str(error)) == ("tls", "the server does not speak TLS on this port")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for localhost, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    path = tmp_path / "localhost.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(tmp_path / "key.pem")]
    command = [openssl, "req", "-x509", *key, "-days", "2", "-out", str(path), *subject]
    subprocess.run(command, check=True, capture_output=True)
    with path.open("a") as both:
        both.write((tmp_path / "key.pem").read_text())
    return path


@pytest.fixture
def tls_port(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(65536)
                    secure.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret")
            except OSError:
                continue

    threading.Thread(target=serve, daemon=True).start()
    yield int(listener.getsockname()[1])
    listener.close()


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_port: int) -> None:
    error = failure_at(f"https://localhost:{tls_port}/")
    assert error.kind == "tls"
    assert "self-signed certificate" in str(error)


def test_a_certificate_file_of_ones_own_is_trusted(tls_port: int, certificate: Path) -> None:
    assert get(f"https://localhost:{tls_port}/", ca_file=str(certificate)) == (200, b"secret")


def test_a_certificate_for_another_name_is_refused(tls_port: int, certificate: Path) -> None:
    assert failure_at(f"https://127.0.0.1:{tls_port}/", ca_file=str(certificate)).kind == "tls"


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), ("hello", "PEM")])
def test_a_certificate_file_that_can_not_be_used_is_named(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "own.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=rf"own\.pem can't be used.*{words}"):
        get("https://localhost:1/", ca_file=str(path))


def test_a_proxy_is_used_for_other_hosts_and_never_for_this_machine() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nproxy"
    with OneShot(answer) as proxy, OneShot(answer.replace(b"proxy", b"local")) as local:
        address = f"http://127.0.0.1:{proxy.port}"
        assert get("http://models.example.com/v1", proxy=address) == (200, b"proxy")
        assert proxy.received[0].startswith(b"GET http://models.example.com/v1 HTTP/1.1")
        assert get(f"http://127.0.0.1:{local.port}/", proxy=address) == (200, b"local")
        assert len(proxy.received) == 1


def test_proxies_from_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nproxy"
    with OneShot(answer) as proxy, OneShot(answer.replace(b"proxy", b"local")) as local:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert get("http://models.example.com/v1") == (200, b"proxy")
        assert get(f"http://127.0.0.1:{local.port}/") == (200, b"local")


def test_a_proxy_that_refuses_is_told_from_the_host() -> None:
    with OneShot(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n") as proxy:
        error = failure_at("https://models.example.com/", proxy=f"http://127.0.0.1:{proxy.port}")
        assert error.kind == "proxy"
        assert "407" in str(error)


def test_a_proxy_that_is_not_there_is_named_instead_of_the_host() -> None:
    port = unused_port()
    error = failure_at("https://models.example.com/", proxy=f"http://me:secret@127.0.0.1:{port}")
    assert error.kind == "proxy"
    assert str(error) == f"connection refused at the proxy 127.0.0.1:{port}"


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:1", "127.0.0.1:8080x"])
def test_a_proxy_setting_that_can_not_be_used_is_named(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="The proxy can't be used"):
        get("http://models.example.com/", proxy=proxy)


def test_a_key_with_a_line_break_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="The API key holds characters"):
        get("http://127.0.0.1:1/", headers={"authorization": "Bearer a\nb"})


def test_loopback_is_this_machine_only() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.8.8.8", "::1", "a.localhost")))
    assert not any(map(is_loopback, ("10.0.0.1", "localhost.example.com", "example.com", "")))


def test_the_first_request_imports_no_terminal_libraries() -> None:
    program = """
import asyncio, sys
from qwen_code.http import HttpClient
from qwen_code.transport_error import TransportError
assert "httpx" not in sys.modules
async def main():
    try:
        async with HttpClient().request("GET", "http://127.0.0.1:1/"):
            pass
    except TransportError:
        pass
asyncio.run(main())
assert "httpx" in sys.modules
print([name for name in ("rich", "click", "pygments", "pydantic", "httpx._main") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]"
