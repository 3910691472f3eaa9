from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path

import pytest

from qwen_code.tool import ToolFailure
from qwen_code.workspace.atomic_write import stamp_of
from qwen_code.workspace.encodings import Encoding
from qwen_code.workspace.paths import Workspace
from qwen_code.workspace.text_files import MAX_RANGE_BYTES, MAX_TEXT_BYTES, PlannedWrite, TextFiles


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "project").mkdir()
    return Workspace(tmp_path / "project")


def test_a_file_is_read_with_all_that_is_needed_to_write_it_back(workspace: Workspace) -> None:
    (workspace.root / "f").write_bytes(b"\xef\xbb\xbfa\r\nb")
    file = TextFiles().read(workspace.resolve("f"))
    assert file.text == "a\r\nb"
    assert file.encoding == Encoding("utf-8", b"\xef\xbb\xbf")
    assert file.newline == "\r\n"


@pytest.mark.parametrize(("text", "newline"), [("a\n", "\n"), ("a\r\n", "\r\n"), ("a\r\nb\n", ""), ("a", "")])
def test_the_line_ending_is_told_where_there_is_one(workspace: Workspace, text: str, newline: str) -> None:
    (workspace.root / "f").write_bytes(text.encode())
    assert TextFiles().read(workspace.resolve("f")).newline == newline


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("none", "not_found", "does not exist"),
        ("file/below", "not_found", "not a directory"),
        ("directory", "not_regular_file", "List it with list_directory"),
        ("file/", "not_regular_file", "names a directory"),
        ("pipe", "not_regular_file", "a named pipe"),
        ("binary", "binary", "binary data"),
        ("damaged", "not_text", "damaged utf-16-le"),
        ("sparse", "too_large", "grep_search"),
        ("/dev/null", "not_regular_file", "a device"),
    ],
)
def test_what_can_not_be_read_is_said_in_a_sentence(
    workspace: Workspace, name: str, kind: str, sentence: str
) -> None:
    (workspace.root / "file").write_text("text")
    (workspace.root / "directory").mkdir()
    os.mkfifo(workspace.root / "pipe")
    (workspace.root / "binary").write_bytes(b"\0\1\2")
    (workspace.root / "damaged").write_bytes(b"\xff\xfe\0\xd8")
    with (workspace.root / "sparse").open("wb") as sparse:
        sparse.truncate(max(MAX_RANGE_BYTES, MAX_TEXT_BYTES) + 1)
    path = workspace.resolve(name)
    files = TextFiles()
    with pytest.raises(ToolFailure, match=sentence) as failure:
        files.read(path)
    assert failure.value.kind == kind
    with pytest.raises(ToolFailure, match=sentence) as failure:
        files.read_lines(path, offset=0, count=10, max_bytes=100)
    assert failure.value.kind == kind


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux")
def test_files_of_the_kernel_neither_block_nor_grow() -> None:
    workspace = Workspace(Path("/nonexistent"))
    files = TextFiles()
    assert "cpu" in files.read_lines(workspace.resolve("/proc/stat"), offset=0, count=9, max_bytes=9999).text
    with pytest.raises(ToolFailure) as failure:
        files.read(workspace.resolve("/proc/self/mem"))
    assert failure.value.kind == "io_error"


def test_a_missing_file_is_answered_with_names_like_it(workspace: Workspace) -> None:
    (workspace.root / "src").mkdir()
    (workspace.root / "src" / "settings.py").touch()
    with pytest.raises(ToolFailure, match=r"Did you mean src/settings\.py\?"):
        TextFiles().read(workspace.resolve("src/setting.py"))


def test_lines_of_utf_16_are_read(workspace: Workspace) -> None:
    (workspace.root / "f").write_bytes("\ufeffone\r\ntwo\r\n".encode("utf-16-le"))
    part = TextFiles().read_lines(workspace.resolve("f"), offset=1, count=1, max_bytes=100)
    assert (part.text, part.total) == ("two\n", 2)


def test_the_hash_of_lines_is_that_of_the_whole_file(workspace: Workspace) -> None:
    (workspace.root / "f").write_text("a\nb\n" * 1000)
    files = TextFiles()
    path = workspace.resolve("f")
    assert files.read_lines(path, offset=3, count=1, max_bytes=10).sha256 == files.read(path).sha256


def test_a_late_nul_byte_makes_a_file_binary(workspace: Workspace) -> None:
    (workspace.root / "f").write_bytes(b"text\n" * 100_000 + b"\0")
    with pytest.raises(ToolFailure) as failure:
        TextFiles().read_lines(workspace.resolve("f"), offset=0, count=1, max_bytes=10)
    assert failure.value.kind == "binary"


class TestWhatTheModelKnows:
    def test_a_file_that_was_never_read_is_not_known(self, workspace: Workspace) -> None:
        (workspace.root / "f").write_text("a")
        files, path = TextFiles(), workspace.resolve("f")
        with pytest.raises(ToolFailure, match="Read it with read_file first") as failure:
            files.require_known(path, files.read(path))
        assert failure.value.kind == "stale"

    def test_a_file_that_was_read_is_known_until_its_content_changes(self, workspace: Workspace) -> None:
        target = workspace.root / "f"
        target.write_text("a")
        info = target.stat()
        files, path = TextFiles(), workspace.resolve("f")
        files.remember(path.real, files.read(path).sha256)
        files.require_known(path, files.read(path))
        target.write_text("b")
        os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))
        with pytest.raises(ToolFailure, match="changed on disk") as failure:
            files.require_known(path, files.read(path))
        assert failure.value.kind == "stale"

    def test_a_touched_file_is_still_known(self, workspace: Workspace) -> None:
        target = workspace.root / "f"
        target.write_text("a")
        files, path = TextFiles(), workspace.resolve("f")
        files.remember(path.real, files.read(path).sha256)
        os.utime(target, (1, 1))
        files.require_known(path, files.read(path))

    def test_by_hand_every_file_counts_as_read_but_not_one_that_changed_since(
        self, workspace: Workspace
    ) -> None:
        (workspace.root / "f").write_text("a")
        files, path = TextFiles(assume_read=True), workspace.resolve("f")
        files.require_known(path, files.read(path))
        files.remember(path.real, "another hash")
        with pytest.raises(ToolFailure):
            files.require_known(path, files.read(path))

    def test_by_hand_a_file_may_change_after_it_was_written(self, workspace: Workspace) -> None:
        files, path = TextFiles(assume_read=True), workspace.resolve("f")
        files.write(path, "a", replaces=None)
        (workspace.root / "f").write_text("b")
        files.require_known(path, files.read(path))

    def test_what_was_written_is_known(self, workspace: Workspace) -> None:
        files, path = TextFiles(), workspace.resolve("f")
        files.write(path, "a", replaces=None)
        files.require_known(path, files.read(path))
        assert files.seen(path.real) == files.read(path).sha256


class TestWriting:
    def test_encoding_and_mode_stay(self, workspace: Workspace) -> None:
        target = workspace.root / "f"
        target.write_bytes(b"\xff\xfea\0")
        target.chmod(0o750)
        files, path = TextFiles(), workspace.resolve("f")
        files.write(path, "b\r\n", replaces=files.read(path))
        assert target.read_bytes() == b"\xff\xfeb\0\r\0\n\0"
        assert target.stat().st_mode & 0o777 == 0o750

    def test_missing_directories_are_made(self, workspace: Workspace) -> None:
        TextFiles().write(workspace.resolve("a/b/f"), "x", replaces=None)
        assert (workspace.root / "a" / "b" / "f").read_text() == "x"

    def test_a_link_stays_and_its_target_is_written(self, workspace: Workspace) -> None:
        (workspace.root / "target").write_text("old")
        (workspace.root / "link").symlink_to("target")
        files, path = TextFiles(), workspace.resolve("link")
        files.write(path, "new", replaces=files.read(path))
        assert (workspace.root / "link").is_symlink()
        assert (workspace.root / "target").read_text() == "new"

    def test_a_dangling_link_stays_and_its_target_is_made(self, workspace: Workspace) -> None:
        (workspace.root / "link").symlink_to("deep/target")
        TextFiles().write(workspace.resolve("link"), "new", replaces=None)
        assert (workspace.root / "deep" / "target").read_text() == "new"

    def test_a_file_that_appeared_meanwhile_is_not_overwritten(self, workspace: Workspace) -> None:
        files, path = TextFiles(), workspace.resolve("f")
        (workspace.root / "f").write_text("theirs")
        with pytest.raises(ToolFailure) as failure:
            files.write(path, "mine", replaces=None)
        assert failure.value.kind == "stale"
        assert (workspace.root / "f").read_text() == "theirs"

    @pytest.mark.parametrize("how", ["changed", "replaced", "deleted"])
    def test_a_file_that_changed_meanwhile_is_not_overwritten(self, workspace: Workspace, how: str) -> None:
        target = workspace.root / "f"
        target.write_text("old")
        files, path = TextFiles(), workspace.resolve("f")
        before = files.read(path)
        match how:
            case "changed":
                target.write_text("theirs")
            case "replaced":
                (workspace.root / "g").write_text("new")
                (workspace.root / "g").rename(target)
            case _:
                target.unlink()
        with pytest.raises(ToolFailure) as failure:
            files.write(path, "mine", replaces=before)
        assert failure.value.kind == "stale"
        assert not target.exists() or target.read_text() != "mine"

    def test_a_character_that_the_encoding_lacks_is_said(self, workspace: Workspace) -> None:
        (workspace.root / "f").write_bytes(b"caf\xe9\n")
        files, path = TextFiles(), workspace.resolve("f")
        with pytest.raises(ToolFailure, match="cp1252, which has no character '\\\\u4f60'") as failure:
            files.write(path, "你", replaces=files.read(path))
        assert failure.value.kind == "not_text"
        assert (workspace.root / "f").read_bytes() == b"caf\xe9\n"

    def test_half_a_surrogate_pair_can_not_be_written(self, workspace: Workspace) -> None:
        with pytest.raises(ToolFailure) as failure:
            TextFiles().write(workspace.resolve("f"), "\ud800", replaces=None)
        assert failure.value.kind == "not_text"
        assert not (workspace.root / "f").exists()

    def test_directories_made_for_a_write_that_failed_go_again(self, workspace: Workspace) -> None:
        (workspace.root / "a").mkdir()
        with pytest.raises(ToolFailure):
            TextFiles().write(workspace.resolve("a/b/c/"), "x", replaces=None)
        with pytest.raises(ToolFailure):
            TextFiles().write(
                workspace.resolve("a/b/" + "n" * 255 + "/../" + "é" * 127 + "/"), "x", replaces=None
            )
        assert list(workspace.root.rglob("*")) == [workspace.root / "a"]

    def test_a_file_in_the_place_of_a_directory_is_said(self, workspace: Workspace) -> None:
        (workspace.root / "f").write_text("x")
        with pytest.raises(ToolFailure, match="not a directory") as failure:
            TextFiles().write(workspace.resolve("f/g"), "x", replaces=None)
        assert failure.value.kind == "invalid_path"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
    def test_a_read_only_file_is_not_replaced(self, workspace: Workspace) -> None:
        (workspace.root / "f").write_text("x")
        (workspace.root / "f").chmod(0o444)
        files, path = TextFiles(), workspace.resolve("f")
        with pytest.raises(ToolFailure, match="read-only") as failure:
            files.write(path, "y", replaces=files.read(path))
        assert failure.value.kind == "io_error"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_read_only_directory_is_said(self, workspace: Workspace) -> None:
        (workspace.root / "d").mkdir(mode=0o555)
        with pytest.raises(ToolFailure, match="permission denied") as failure:
            TextFiles().write(workspace.resolve("d/f"), "y", replaces=None)
        assert failure.value.kind == "io_error"

    def test_the_old_content_is_handed_over_before_the_file_changes(self, workspace: Workspace) -> None:
        target = workspace.root / "f"
        told: list[tuple[PlannedWrite, bool]] = []

        def note(planned: PlannedWrite) -> None:
            told.append((planned, target.exists() and target.read_bytes() == planned.old))

        files, path = TextFiles(before_write=note), workspace.resolve("f")
        files.write(path, "one", replaces=None)
        files.write(path, "two", replaces=files.read(path))
        assert told == [
            (PlannedWrite(target, None, b"one"), False),
            (PlannedWrite(target, b"one", b"two"), True),
        ]

    def test_an_observer_can_prevent_a_write(self, workspace: Workspace) -> None:
        def refuse(planned: PlannedWrite) -> None:
            raise ToolFailure("no room for a checkpoint", "io_error")

        with pytest.raises(ToolFailure, match="checkpoint"):
            TextFiles(before_write=refuse).write(workspace.resolve("f"), "x", replaces=None)
        assert not (workspace.root / "f").exists()

    def test_no_two_versions_share_second_and_size(self, workspace: Workspace) -> None:
        files, path = TextFiles(), workspace.resolve("m.py")
        stamps: list[tuple[int, int]] = []
        replaces = None
        for text in ("x = 1\n", "x = 22\n", "x = 3\n", "x = 4\n", "x = 55\n", "x = 6\n"):
            files.write(path, text, replaces=replaces)
            stamps.append(stamp_of(path.real.stat()))
            replaces = files.read(path)
        assert len(set(stamps)) == len(stamps)

    def test_a_rewrite_never_shares_its_stamp_with_the_file_that_was_there(
        self, workspace: Workspace
    ) -> None:
        (workspace.root / "m.py").write_text("x = 1\n")
        files, path = TextFiles(), workspace.resolve("m.py")
        before = files.read(path)
        files.write(path, "x = 2\n", replaces=before)
        assert stamp_of(path.real.stat()) != stamp_of(before.status)


def _swap(first: Path, second: Path) -> bool:
    """Exchange two names in one step, as an attacker would (renameat2(2), RENAME_EXCHANGE)."""
    try:
        exchange = ctypes.CDLL(None).renameat2
    except AttributeError:
        return False
    return exchange(-100, bytes(first), -100, bytes(second), 2) == 0


def test_a_directory_swapped_for_a_link_never_takes_a_write_outside(workspace: Workspace) -> None:
    outside = workspace.root.parent / "outside"
    outside.mkdir()
    inner, link = workspace.root / "d", workspace.root / "link"
    inner.mkdir()
    link.symlink_to(outside)
    if not _swap(inner, link):
        pytest.skip("names can't be exchanged here")
    _swap(inner, link)
    done = threading.Event()

    def flip() -> None:
        while not done.is_set():
            _swap(inner, link)

    flipper = threading.Thread(target=flip)
    flipper.start()
    files, written = TextFiles(assume_read=True), 0
    try:
        for turn in range(2000):
            try:
                path = workspace.resolve_granted("d/f", ())
                files.write(path, f"{turn}", replaces=files.read_if_exists(path))
                written += 1
            except ToolFailure:
                pass
    finally:
        done.set()
        flipper.join()
    assert list(outside.iterdir()) == []
    assert written > 0
    assert not list(workspace.root.rglob("*.tmp"))
