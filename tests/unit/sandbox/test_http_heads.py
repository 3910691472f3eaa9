from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.sandbox.http_heads import BadRequest, parse_head


def head(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def test_a_tunnel_names_its_host_in_lower_case_without_a_final_dot() -> None:
    parsed = parse_head(head("CONNECT Example.ORG.:443 HTTP/1.1", "Host: elsewhere"))
    assert (parsed.host, parsed.port, parsed.onward) == ("example.org", 443, b"")


def test_a_plain_request_is_told_to_the_server_it_names_and_to_no_other() -> None:
    parsed = parse_head(
        head("GET http://example.org:8080/a?b HTTP/1.1", "Host: denied.test", "Upgrade: x", "Accept: */*")
    )
    assert (parsed.host, parsed.port) == ("example.org", 8080)
    assert parsed.onward.split(b"\r\n") == [
        b"GET /a?b HTTP/1.1", b"Host: example.org:8080", b"Connection: close", b"Accept: */*", b"", b"",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "GET / HTTP/1.1",
        "GET http://allowed.test@denied.test/ HTTP/1.1",
        "GET http://a b/ HTTP/1.1",
        "GET https://x/ HTTP/1.1",
        "GET http://x\x00.test/ HTTP/1.1",
        "CONNECT x HTTP/1.1",
        "CONNECT x:0 HTTP/1.1",
        "CONNECT x:99999 HTTP/1.1",
        "CONNECT a\x00b:443 HTTP/1.1",
        "CONNECT x:443 HTTP/2",
        "CONNECT  x:443 HTTP/1.1",
        "\x16\x03\x01",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(line: str) -> None:
    with pytest.raises(BadRequest):
        parse_head(head(line))


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Length: 1", "Content-Length: 2"],
        ["Content-Length: -1"],
        ["Content-Length: 1", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Bad Name: x"],
        [" folded"],
        ["X: a\nHost: denied.test"],
    ],
)
def test_a_body_or_header_that_hides_another_request_is_refused(fields: list[str]) -> None:
    with pytest.raises(BadRequest):
        parse_head(head("POST http://x/ HTTP/1.1", *fields))


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    with contextlib.suppress(BadRequest):
        parsed = parse_head(data + b"\r\n\r\n")
        assert "\0" not in parsed.host
        assert 0 < parsed.port < 65536
