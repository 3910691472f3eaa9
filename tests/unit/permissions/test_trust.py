from __future__ import annotations

import json
from pathlib import Path

import pytest

from qwen_code.errors import ConfigurationError
from qwen_code.permissions.trust import is_trusted, trust


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name in ("work/app/sub", "work/other", "else"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path / "trustedFolders.json"


def write(file: Path, **levels: str) -> None:
    file.write_text(json.dumps({str(file.parent / name.replace("_", "/")): v for name, v in levels.items()}))


def trusted(file: Path) -> list[str]:
    names = ("work", "work/app", "work/app/sub", "work/other", "else")
    return [name for name in names if is_trusted(file.parent / name, file)]


def test_nothing_is_trusted_by_itself(file: Path) -> None:
    assert trusted(file) == []


def test_a_trusted_folder_covers_what_is_below(file: Path) -> None:
    write(file, work_app="TRUST_FOLDER")
    assert trusted(file) == ["work/app", "work/app/sub"]


def test_trusting_the_parent_covers_its_other_folders(file: Path) -> None:
    write(file, work_app="TRUST_PARENT")
    assert trusted(file) == ["work", "work/app", "work/app/sub", "work/other"]


def test_the_nearest_entry_decides(file: Path) -> None:
    write(file, work="TRUST_FOLDER", work_app="DO_NOT_TRUST", work_app_sub="TRUST_FOLDER")
    assert trusted(file) == ["work", "work/app/sub", "work/other"]


def test_a_link_into_a_trusted_folder_is_trusted_and_one_out_of_it_is_not(file: Path) -> None:
    write(file, work="TRUST_FOLDER")
    (file.parent / "in").symlink_to("work/app")
    (file.parent / "work/out").symlink_to("../else")
    assert is_trusted(file.parent / "in", file)
    assert not is_trusted(file.parent / "work/out", file)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"relative": "TRUST_FOLDER"}', '{"/": 1}', '{"/": "yes"}'])
def test_a_file_that_is_wrong_trusts_nothing(file: Path, text: str) -> None:
    file.write_text(text)
    assert trusted(file) == []


def test_of_two_entries_about_one_folder_the_one_that_distrusts_counts(file: Path) -> None:
    write(file, work="DO_NOT_TRUST", work_app="TRUST_PARENT")
    assert trusted(file) == []


def test_trusting_a_folder_keeps_the_other_entries(file: Path) -> None:
    write(file, work_other="TRUST_FOLDER")
    trust(file.parent / "work/app", file)
    assert trusted(file) == ["work/app", "work/app/sub", "work/other"]


def test_trusting_a_folder_overrules_an_earlier_refusal(file: Path) -> None:
    write(file, work_app="DO_NOT_TRUST")
    trust(file.parent / "work/app", file)
    assert "work/app" in trusted(file)


def test_a_file_that_is_wrong_is_not_written_over(file: Path) -> None:
    file.write_text("{")
    with pytest.raises(ConfigurationError, match=r"trustedFolders\.json:1"):
        trust(file.parent / "work", file)
    assert file.read_text() == "{"


def test_the_first_trust_makes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "new" / "trustedFolders.json"
    trust(tmp_path, file)
    assert is_trusted(tmp_path, file)
