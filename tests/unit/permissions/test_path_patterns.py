from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.permissions.path_patterns import PathPattern, segments_meet


@pytest.mark.parametrize(
    ("pattern", "path", "matches", "below"),
    [
        ("/w/src/**", "/w/src/a", True, True),
        ("/w/src/**", "/w/src", False, True),
        ("/w/src/**", "/w/srcs/a", False, False),
        ("/w/src", "/w/src/a/b", True, True),
        ("/w/src", "/w", False, True),
        ("/**/.env", "/w/a/.env", True, True),
        ("/**/.env", "/w/a/.e*", True, True),
        ("/**/.env", "/w/a/*", False, True),
        ("/**/.env", "/w/.[e]nv", True, True),
        ("/w/secrets/**", "/w/s*/x", True, True),
        ("/w/*.py", "/w/a.py", True, True),
        ("/w/*.py", "/w/a.txt", False, False),
        ("/w/a/**/b", "/w/a/b", True, True),
        ("/w/a/**/b", "/w/a/x/y/b/c", True, True),
        ("/w/x\\*", "/w/x*", True, True),
        ("/w/x\\*", "/w/xa", False, False),
        ("/**", "/a", True, True),
    ],
)
def test_a_pattern_covers_paths_and_what_wildcards_may_become(
    pattern: str, path: str, matches: bool, below: bool
) -> None:
    compiled = PathPattern.of(pattern)
    assert (compiled.matches(path, glob=True), compiled.below(path, glob=True)) == (matches, below)


def test_a_file_may_have_a_name_that_looks_like_a_pattern() -> None:
    assert not PathPattern.of("/w/abc").matches("/w/a*")
    assert PathPattern.of("/w/abc").matches("/w/a*", glob=True)
    assert PathPattern.of("/w/a\\*").matches("/w/a*")
    assert PathPattern.of("/w/a\\[b]").matches("/w/a[b]")
    assert PathPattern.of("/w/*").matches("/w/a\\b[")


def test_a_folded_pattern_ignores_case() -> None:
    assert PathPattern.of("/**/.Env", folded=True).matches("/w/.ENV")
    assert not PathPattern.of("/**/.Env").matches("/w/.ENV")


@pytest.mark.parametrize(
    ("pattern", "name", "meet"),
    [
        ("[ab].txt", "a.txt", True),
        ("[ab].txt", "c.txt", False),
        ("[!ab]x", "ax", False),
        ("[[:digit:]]", "5", True),
        ("[[:digit:]]", "a", False),
        ("[]a]", "]", True),
        ("a[b-d]e", "aze", False),
        ("[z-a]", "b", False),
        ("id_rsa*", "id_*", True),
        (".env", "*env", False),
        ("x", "[", False),
        ("[", "[", True),
    ],
)
def test_single_names_meet(pattern: str, name: str, meet: bool) -> None:
    assert segments_meet(pattern, name) is meet


@given(st.text("ab*?[].\\!-", max_size=12), st.text("ab*?[].\\!-", max_size=12))
def test_no_pattern_is_too_odd_to_compare(pattern: str, name: str) -> None:
    segments_meet(pattern, name)
    PathPattern.of(f"/{pattern}/**").matches(f"/{name}", glob=True)
    PathPattern.of(f"/{pattern}/**").below(f"/{name}")


@given(
    st.lists(st.sampled_from(["a", "b", "*", "**", "c*"]), max_size=5),
    st.lists(st.sampled_from("abc"), max_size=5),
)
def test_what_is_covered_stays_covered_further_down(pattern: list[str], path: list[str]) -> None:
    compiled = PathPattern.of("/" + "/".join(pattern))
    if compiled.matches("/" + "/".join(path)):
        assert compiled.matches("/" + "/".join([*path, "z"]))
        assert compiled.below("/" + "/".join(path))


def test_a_hostile_pattern_is_compared_in_time() -> None:
    assert not segments_meet("a*" * 500 + "b", "a" * 2000)
    assert PathPattern.of("/" + "**/a/" * 200 + "b").matches("/" + "a/" * 400) is False


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("members", "inside", "outside"),
    [
        ("[--x]", "-.ax", ",y"),
        (r"[\-a]", "-a", "b\\"),
        ("[a-]", "a-", "b"),
        ("[||&&]", "|&", "a"),
        ("[!--.]", "az", "-."),
        (r"[a\]b]", "a]b", "c"),
    ],
)
def test_a_class_of_characters_means_what_the_shell_means_by_it(
    members: str, inside: str, outside: str
) -> None:
    compiled = PathPattern.of(f"/w/x{members}")
    assert all(compiled.matches(f"/w/x{character}") for character in inside)
    assert not any(compiled.matches(f"/w/x{character}") for character in outside)
