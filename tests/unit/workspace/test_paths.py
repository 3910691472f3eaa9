from __future__ import annotations

import os
from pathlib import Path

import pytest

from qwen_code.tool import Access, ToolFailure
from qwen_code.workspace.paths import Workspace, printable


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "app.py").write_text("x = 1\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("secret\n")
    return root


@pytest.mark.parametrize("text", ["src/app.py", "./src/app.py", "src/../src/app.py", "src//app.py"])
def test_a_relative_path_is_seen_from_the_root(root: Path, text: str) -> None:
    path = Workspace(root).resolve(text)
    assert path.absolute == path.real == root / "src" / "app.py"
    assert path.inside
    assert path.name == "src/app.py"


def test_a_path_can_be_seen_from_another_directory(root: Path) -> None:
    assert Workspace(root).resolve("app.py", base=root / "src").real == root / "src" / "app.py"


def test_an_absolute_path_stays_what_it_is(root: Path) -> None:
    path = Workspace(root).resolve("/etc/hosts")
    assert path.absolute == Path("/etc/hosts")
    assert not path.inside
    assert path.name == "/etc/hosts"


@pytest.mark.parametrize("text", ["../outside/secret.txt", "src/../../outside/secret.txt"])
def test_dots_can_lead_outside(root: Path, text: str) -> None:
    path = Workspace(root).resolve(text)
    assert path.real == root.parent / "outside" / "secret.txt"
    assert not path.inside


def test_a_sibling_with_the_same_beginning_is_outside(root: Path) -> None:
    assert not Workspace(root).resolve(f"{root}-copy/a.txt").inside


def test_a_tilde_is_the_home_directory(root: Path, isolated: Path) -> None:
    workspace = Workspace(root)
    assert workspace.resolve("~/.profile").absolute == isolated / ".profile"
    assert workspace.resolve("~").absolute == isolated


@pytest.mark.parametrize(
    "text", ["$HOME/a", "${HOME}/a", "%2e%2e/a", "`pwd`/a", "$(pwd)/a", "~root/a", "..\\a", "file:///a", "a*"]
)
def test_everything_else_is_a_name(root: Path, text: str) -> None:
    path = Workspace(root).resolve(text)
    assert path.inside
    assert path.real == Path(os.path.normpath(f"{root}/{text}"))


def test_names_keep_their_characters(root: Path) -> None:
    for name in ("a b", "é", "e\u0301", "你好", "🎉", "-rf", "a'b\"c"):
        assert Workspace(root).resolve(name).real == root / name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("a\0b", "control character"),
        ("a\nb", "control character"),
        ("a\x1b[2Jb", "control character"),
        ("a\x7f", "control character"),
        ("\ud800", "surrogate"),
        ("a" * 256, "256 bytes"),
        ("é" * 128, "256 bytes"),
        ("a/" * 2500, "limit is 4095"),
    ],
)
def test_what_no_file_can_be_called_is_refused_with_the_reason(root: Path, text: str, reason: str) -> None:
    with pytest.raises(ToolFailure, match=reason) as failure:
        Workspace(root).resolve(text)
    assert failure.value.kind == "invalid_path"
    assert failure.value.args[0].isprintable()


def test_the_longest_name_is_allowed(root: Path) -> None:
    assert Workspace(root).resolve("a" * 255).inside


def test_links_are_followed_and_the_asked_path_is_kept(root: Path) -> None:
    (root / "link").symlink_to(root.parent / "outside")
    path = Workspace(root).resolve("link/secret.txt")
    assert path.absolute == root / "link" / "secret.txt"
    assert path.real == root.parent / "outside" / "secret.txt"
    assert not path.inside


def test_dots_after_a_link_go_where_the_kernel_goes(root: Path) -> None:
    (root.parent / "outside" / "deep").mkdir()
    (root / "link").symlink_to(root.parent / "outside" / "deep")
    assert Workspace(root).resolve("link/../secret.txt").real == root.parent / "outside" / "secret.txt"


def test_links_are_followed_above_what_does_not_exist_yet(root: Path) -> None:
    (root / "link").symlink_to(root.parent / "outside")
    path = Workspace(root).resolve("link/new/file.txt")
    assert path.real == root.parent / "outside" / "new" / "file.txt"


def test_a_dangling_link_is_where_it_points(root: Path) -> None:
    (root / "link").symlink_to(root.parent / "outside" / "new.txt")
    assert Workspace(root).resolve("link").real == root.parent / "outside" / "new.txt"


def test_a_path_through_a_link_to_the_workspace_is_inside(root: Path) -> None:
    (root.parent / "shortcut").symlink_to(root)
    assert Workspace(root).resolve(f"{root.parent}/shortcut/src/app.py").inside


def test_a_workspace_opened_through_a_link_is_its_real_directory(root: Path) -> None:
    (root.parent / "shortcut").symlink_to(root)
    workspace = Workspace(root.parent / "shortcut")
    assert workspace.root == root
    assert workspace.resolve("src/app.py").inside


@pytest.mark.parametrize("text", ["one", "one/below"])
def test_links_in_a_circle_are_refused(root: Path, text: str) -> None:
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    with pytest.raises(ToolFailure, match="circle") as failure:
        Workspace(root).resolve(text)
    assert failure.value.kind == "invalid_path"


def test_an_added_directory_belongs_to_the_workspace(root: Path) -> None:
    outside = root.parent / "outside"
    path = Workspace(root, (outside,)).resolve(f"{outside}/secret.txt")
    assert path.root == outside
    assert path.name == f"{outside}/secret.txt"


@pytest.mark.parametrize("text", [".", "..", "src/", "src/.", "src/.."])
def test_some_spellings_can_only_name_a_directory(root: Path, text: str) -> None:
    assert Workspace(root).resolve(text).names_directory
    assert not Workspace(root).resolve("src").names_directory


def test_an_access_says_what_was_asked_and_where_it_leads(root: Path) -> None:
    (root / "link.py").symlink_to("src/app.py")
    workspace = Workspace(root)
    access = workspace.access("write", workspace.resolve("link.py"))
    assert access == Access("write", f"{root}/link.py", f"{root}/src/app.py")


def test_an_access_counts_the_names_of_a_file_to_be_written(root: Path) -> None:
    (root / "twin.txt").hardlink_to(root.parent / "outside" / "secret.txt")
    workspace = Workspace(root)
    assert workspace.access("write", workspace.resolve("twin.txt")).links == 2
    assert workspace.access("write", workspace.resolve("src")).links == 1
    assert workspace.access("write", workspace.resolve("new")).links == 1


class TestResolvedAtTheTimeOfUse:
    def test_a_path_that_leads_where_it_was_granted_is_taken(self, root: Path) -> None:
        workspace = Workspace(root)
        granted = [workspace.access("read", workspace.resolve("src/app.py"))]
        assert workspace.resolve_granted("src/app.py", granted).real == root / "src" / "app.py"

    def test_a_link_swapped_in_since_is_refused(self, root: Path) -> None:
        workspace = Workspace(root)
        granted = [workspace.access("write", workspace.resolve("src/new.py"))]
        (root / "src").rename(root / "old")
        (root / "src").symlink_to(root.parent / "outside")
        with pytest.raises(ToolFailure, match="not what was permitted") as failure:
            workspace.resolve_granted("src/new.py", granted)
        assert failure.value.kind == "not_permitted"

    def test_what_a_person_permitted_outside_is_taken(self, root: Path) -> None:
        (root / "link").symlink_to(root.parent / "outside")
        workspace = Workspace(root)
        granted = [workspace.access("read", workspace.resolve("link/secret.txt"))]
        assert not workspace.resolve_granted("link/secret.txt", granted).inside

    def test_without_a_grant_no_link_leads_out_of_the_workspace(self, root: Path) -> None:
        (root / "link").symlink_to(root.parent / "outside")
        workspace = Workspace(root)
        with pytest.raises(ToolFailure) as failure:
            workspace.resolve_granted("link/secret.txt", ())
        assert failure.value.kind == "not_permitted"
        assert workspace.resolve_granted("/etc/hosts", ()).real.name == "hosts"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 你 🎉.txt", "plain é 你 🎉.txt"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb", "a\\nb"),
        ("a\x9bb", "a\\x9bb"),
        ("gpj\u202egnp", "gpj\\u202egnp"),
        ("a\u2028b", "a\\u2028b"),
        ("a\udcffb", "a\\xffb"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_nothing_in_a_shown_name_can_steer_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_title_never_fails(root: Path) -> None:
    workspace = Workspace(root)
    assert workspace.shorten(f"{root}/src/app.py") == "src/app.py"
    assert workspace.shorten("\0\ud800") == "\\x00\\ud800"
    assert workspace.shorten("") == ""
    assert workspace.display(root) == "."
