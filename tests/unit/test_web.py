from __future__ import annotations

import asyncio

import pytest

from qwen_code.tool import ToolFailure, WebPage
from qwen_code.web import HttpWebClient
from tests.unit.test_http import OneShot, unused_port


async def _fetch(url: str, max_bytes: int, timeout_s: float) -> WebPage:
    client = HttpWebClient()
    try:
        return await client.fetch(url, max_bytes=max_bytes, timeout_s=timeout_s)
    finally:
        await client.aclose()


def fetch(url: str, *, max_bytes: int = 10_000, timeout_s: float = 5.0) -> WebPage:
    return asyncio.run(_fetch(url, max_bytes, timeout_s))


def answer(body: bytes = b"", status: int = 200, *, content_type: str = "", location: str = "") -> bytes:
    named = {"content-type": content_type, "location": location}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
    return f"HTTP/1.1 {status} -\r\n{lines}content-length: {len(body)}\r\n\r\n".encode("latin1") + body


def test_a_page_comes_with_where_it_came_from_and_what_it_is() -> None:
    with OneShot(answer("<p>Grüße</p>".encode(), content_type="text/html; charset=utf-8")) as server:
        url = f"http://127.0.0.1:{server.port}/a"
        assert fetch(url) == WebPage(url, 200, "text/html", "<p>Grüße</p>")


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("é".encode("latin1"), "text/plain; charset=ISO-8859-1", "é"),
        ("é".encode(), "text/plain; charset=no-such", "é"),
        (b"\xff", "text/plain", "\ufffd"),
        (b"{}", "application/problem+json", "{}"),
        (b"plain", "", "plain"),
    ],
)
def test_text_is_read_in_its_own_encoding(body: bytes, kind: str, text: str) -> None:
    with OneShot(answer(body, content_type=kind)) as server:
        assert fetch(f"http://127.0.0.1:{server.port}/").text == text


def test_an_error_page_is_a_page_with_its_status() -> None:
    with OneShot(answer(b"gone", 404, content_type="text/plain")) as server:
        assert fetch(f"http://127.0.0.1:{server.port}/").status == 404


def test_a_long_page_is_cut_and_says_so() -> None:
    with OneShot(answer(b"x" * 5000, content_type="text/plain")) as server:
        page = fetch(f"http://127.0.0.1:{server.port}/", max_bytes=1000)
    assert page.text.startswith("x" * 1000 + "\n\n[The page goes on; only its first 1,000 bytes were read.]")
    with OneShot(answer(b"x" * 1000, content_type="text/plain")) as server:
        assert fetch(f"http://127.0.0.1:{server.port}/", max_bytes=1000).text == "x" * 1000


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"%PDF-1.7", "application/pdf"), (b"\x89PNG", "image/png"), (b"a\0b", "text/plain"), (b"a\0b", "")],
)
def test_what_is_not_text_is_refused_by_its_kind(body: bytes, kind: str) -> None:
    with OneShot(answer(body, content_type=kind)) as server, pytest.raises(ToolFailure) as caught:
        fetch(f"http://127.0.0.1:{server.port}/")
    assert caught.value.kind == "not_text"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com", "example.com", "http://", "http://[::1", ""]
)
def test_only_web_addresses_are_fetched(url: str) -> None:
    with pytest.raises(ToolFailure, match="Not a web address"):
        fetch(url)


def test_redirects_within_a_site_are_followed() -> None:
    with OneShot(answer(status=302, location="/elsewhere")) as server:
        with pytest.raises(ToolFailure, match="redirects in a circle"):
            fetch(f"http://127.0.0.1:{server.port}/")
        assert len(server.received) == 6
        assert server.received[1].startswith(b"GET /elsewhere ")


@pytest.mark.parametrize(
    "target", ["http://example.com/x", "http://127.0.0.1:1/", "//example.com", "https://169.254.169.254/"]
)
def test_a_redirect_to_another_site_is_told_and_not_followed(target: str) -> None:
    with OneShot(answer(status=301, location=target)) as server:
        with pytest.raises(ToolFailure, match=r"redirects to another site: .* Call web_fetch"):
            fetch(f"http://127.0.0.1:{server.port}/")
        assert len(server.received) == 1


def test_a_redirect_to_what_is_no_web_address_is_refused() -> None:
    with OneShot(answer(status=302, location="file:///etc/passwd")) as server:
        with pytest.raises(ToolFailure, match="Not a web address"):
            fetch(f"http://127.0.0.1:{server.port}/")


def test_a_server_that_does_not_answer_in_time_is_left() -> None:
    with OneShot(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n") as server:
        with pytest.raises(ToolFailure, match="could not be reached"):
            fetch(f"http://127.0.0.1:{server.port}/")
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(ToolFailure, match=r"did not answer within 0\.2 s"):
            fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=0.2)


def test_a_host_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(ToolFailure, match=r"127\.0\.0\.1 could not be reached: connection refused"):
        fetch(f"http://127.0.0.1:{unused_port()}/")
    with pytest.raises(ToolFailure, match=r"no-such-host\.invalid"):
        fetch("http://no-such-host.invalid/")
