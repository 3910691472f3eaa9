from __future__ import annotations

import os
from pathlib import Path

import pytest

from qwen_code.settings.locations import NOWHERE, Locations, find_home, project_name


def at(cwd: str = "/srv/app/proj", **environ: str) -> Locations:
    return Locations.of(cwd=Path(cwd), home=Path("/home/ann"), environ=environ)


def test_everything_of_a_person_lies_below_the_dot_qwen_folder() -> None:
    here = at()
    assert here.user_settings == Path("/home/ann/.qwen/settings.json")
    assert here.sessions == Path("/home/ann/.qwen/projects/-srv-app-proj/sessions")
    assert here.outputs("x") == here.sessions / "x" / "outputs"
    assert here.project_settings == Path("/srv/app/proj/.qwen/settings.json")
    assert here.user_env_files == (Path("/home/ann/.qwen/.env"), Path("/home/ann/.env"))


def test_variables_move_the_folders() -> None:
    here = at(QWEN_HOME="/opt/q", QWEN_RUNTIME_DIR="~/run", QWEN_CODE_SYSTEM_SETTINGS_PATH="/etc/x.json")
    assert here.user_settings == Path("/opt/q/settings.json")
    assert here.history == Path("/home/ann/run/history")
    assert here.system_settings == Path("/etc/x.json")


def test_at_home_the_env_file_is_the_persons_and_not_a_projects() -> None:
    assert at("/home/ann").project_env_files == ()


@pytest.mark.parametrize("directory", ["/" + "d" * 300, "/" + "\u4f60" * 100, "/a" * 500])
def test_a_path_too_long_for_a_folder_name_is_cut_and_stays_distinct(directory: str) -> None:
    names = {project_name(Path(directory)), project_name(Path(directory + "x"))}
    assert len(names) == 2
    assert all(len(os.fsencode(name)) <= 255 for name in names)


def test_a_missing_home_is_a_place_where_nothing_can_be() -> None:
    home = find_home({"HOME": "/home/ann"})
    assert home == Path("/home/ann")
    assert find_home({}).is_absolute()
    assert find_home({"HOME": "relative"}) != Path("relative")
    with pytest.raises(NotADirectoryError):
        (NOWHERE / ".qwen").mkdir(parents=True)
