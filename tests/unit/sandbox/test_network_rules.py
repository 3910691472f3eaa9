from __future__ import annotations

import pytest

from qwen_code.sandbox.base import Network
from qwen_code.sandbox.network_rules import is_named, is_public, refusal_of_addresses


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("example.org", True),
        ("sub.example.org", False),
        ("a.wild.test", True),
        ("a.b.wild.test", True),
        ("wild.test", False),
        ("evilwild.test", False),
        ("example.org.evil.test", False),
        ("", False),
    ],
)
def test_a_name_is_exact_or_below_a_star(host: str, named: bool) -> None:
    assert is_named(host, Network.parse("allow:example.org,*.wild.test")) is named


@pytest.mark.parametrize(
    "text", ["", "maybe", "allow:", "allow:a b", "allow:-", "allow:http://x", "allow:a/b"]
)
def test_what_is_no_network_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"allow:|host"):
        Network.parse(text)


def test_names_are_compared_without_case_and_final_dot() -> None:
    assert Network.parse("allow:Example.ORG.").names == ("example.org",)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "ff02::1",
    ],
)
def test_an_address_of_this_machine_or_a_private_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"])
def test_an_address_of_the_internet_is(address: str) -> None:
    assert is_public(address)


def test_one_private_address_among_public_ones_spoils_the_name() -> None:
    network = Network.parse("allow:example.org")
    assert refusal_of_addresses("example.org", ["1.1.1.1", "127.0.0.1"], network)
    assert not refusal_of_addresses("example.org", ["1.1.1.1"], network)
    assert not refusal_of_addresses("example.org", ["127.0.0.1"], Network.parse("allow:x", private=True))
    assert not refusal_of_addresses("10.0.0.5", ["10.0.0.5"], Network.parse("allow:10.0.0.5"))
    assert refusal_of_addresses("example.org", [], network)
