from __future__ import annotations

from pathlib import Path

from qwen_code.permissions.path_patterns import PathPattern
from qwen_code.sandbox.denied_paths import find_denied


def write(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_what_a_rule_names_is_found_in_any_folder(tmp_path: Path) -> None:
    write(tmp_path / ".env", tmp_path / "a" / "b" / ".env", tmp_path / "a" / "other")
    found = find_denied([PathPattern.of("/**/.env")], [tmp_path])
    assert sorted(found) == sorted([tmp_path / ".env", tmp_path / "a" / "b" / ".env"])


def test_a_folder_that_is_denied_is_found_and_not_entered(tmp_path: Path) -> None:
    write(tmp_path / "keys" / "one", tmp_path / "keys" / "two")
    assert find_denied([PathPattern.of(f"{tmp_path}/keys")], [tmp_path]) == [tmp_path / "keys"]


def test_a_link_is_found_where_it_leads(tmp_path: Path) -> None:
    write(tmp_path / "real")
    (tmp_path / ".env").symlink_to("real")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".env").symlink_to("missing")
    assert find_denied([PathPattern.of("/**/.env")], [tmp_path]) == [tmp_path / "real"]


def test_without_rules_nothing_is_looked_for(tmp_path: Path) -> None:
    write(tmp_path / ".env")
    assert find_denied([], [tmp_path, Path("/nonexistent")]) == []
