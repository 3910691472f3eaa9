"""The sessions of one project on disk: list, find, open, fork, rename, delete, export."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from qwen_code.errors import SessionError
from qwen_code.sessions import LATEST
from qwen_code.sessions.lines import Record, decode_lines, encode_line
from qwen_code.sessions.log import VERSION, SessionHeader, SessionLog, now
from qwen_code.sessions.restore import Restored, restore
from qwen_code.sessions.session_file import OpenedFile, open_file, read_file
from qwen_code.sessions.summary import SessionSummary, summarise
from qwen_code.settings.atomic_file import make_private, sync_directory

_SUFFIX = ".jsonl"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
CONTENTS = "contents.pack"
"""In a session's folder: what files held before it changed them."""
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def new_session_id() -> str:
    """An id that sorts by time, e.g. `20261104-153012-k7f2`; its last part is enough to name it."""
    tail = "".join(_LETTERS[byte % 32] for byte in os.urandom(4))
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + tail


class SessionStore:
    """All sessions in one directory.

    Sessions are named by id, by a beginning of it, by a beginning of its last part, or by a beginning of
    their title; None names the one that was used last.
    """

    def __init__(self, directory: Path, *, cwd: Path | None = None, kept_states: Path | None = None) -> None:
        """
        Args:
            cwd: leave out sessions of other working directories, which can share a folder's name.
            kept_states: where embedded models keep what they have evaluated; deleting a session deletes its.
        """
        self.directory = directory
        self._kept_states = kept_states
        self._cwd = str(cwd) if cwd else None

    def new_id(self) -> str:
        """An id that no session has yet."""
        while True:
            session_id = new_session_id()
            if not self._path(session_id).exists():
                return session_id

    def check_new(self, session_id: str) -> None:
        """Make sure that a session can be begun under an id that somebody chose.

        Raises:
            SessionError: it can't be an id, or it is taken.
        """
        if not _ID.fullmatch(session_id):
            raise SessionError(
                f"{session_id[:100]!r} can't be a session's id: it takes up to 100 letters, digits, dots, "
                "dashes and underscores, and begins with a letter or digit."
            )
        if self._path(session_id).exists():
            raise SessionError(f"There is a session {session_id} already; go on with it by -r {session_id}.")

    def create(
        self, header: SessionHeader, on_failure: Callable[[str], None] = lambda text: None
    ) -> SessionLog:
        """Begin the session of `header`. `on_failure` hears, once, that it can't be saved.

        Raises:
            SessionError: its id can't be used.
        """
        self.check_new(header.id)
        try:
            return SessionLog.create(self._path(header.id), header, on_failure)
        except FileExistsError:
            raise SessionError(f"There is a session {header.id} already; resume it with -r.") from None

    def list(self) -> list[SessionSummary]:
        """All sessions, the one used last first. Files that hold none are passed over."""
        summaries = [summary for path in self._paths() if (summary := summarise(path))]
        if self._cwd is not None:
            summaries = [summary for summary in summaries if summary.cwd == self._cwd]
        return sorted(summaries, key=lambda summary: (summary.modified, summary.id), reverse=True)

    def find(self, session: str | None = None) -> Path:
        """The file of a session: its id, a beginning of it, its title, or `LATEST`, which None stands for.

        Raises:
            SessionError: there is none, or several are meant; the sentence lists them.
        """
        if session is None or session == LATEST:
            for path in self._by_use():
                if (summary := summarise(path)) and self._cwd in (None, summary.cwd):
                    return path
            raise SessionError("There is no session in this project yet. Start one without -c or -r.")
        if _ID.fullmatch(session) and self._path(session).exists():
            return self._path(session)
        ids = sorted(path.name.removesuffix(_SUFFIX) for path in self._paths())
        named = [i for i in ids if i.startswith(session)] or [
            i for i in ids if i.rpartition("-")[2].startswith(session)
        ]
        if not named and session and (titled := self._titled(session)):
            return titled
        if not session or not named:
            raise SessionError(f"There is no session {session!r} here. `qwen-code sessions list` shows them.")
        if len(named) > 1:
            some = ", ".join(named[-5:]) + (", ..." if len(named) > 5 else "")
            raise SessionError(f"{len(named)} sessions begin with {session!r}: {some}. Give more of the id.")
        return self._path(named[0])

    def _titled(self, title: str) -> Path | None:
        """The session used last of those with this title, or else with one that begins so."""
        wanted = title.casefold()
        titles = [(summary.title.casefold(), summary.path) for summary in self.list() if summary.title]
        exact = [path for name, path in titles if name == wanted]
        begun = [path for name, path in titles if name.startswith(wanted)]
        return (exact or begun or [None])[0]

    def open(
        self,
        session: str | None = None,
        on_failure: Callable[[str], None] = lambda text: None,
        *,
        alone: bool = False,
    ) -> tuple[SessionLog, Restored]:
        """Go on with a session. One that another process has open, or that a newer version wrote, is left
        as it is; it is copied, and the copy opened.

        Args:
            alone: refuse instead of copying.

        Raises:
            SessionError: there is none, or it can't be read.
        """
        path = self.find(session)
        opened = open_file(path)
        try:
            restored = _restored(path, opened)
        except BaseException:
            if opened.fd is not None:
                os.close(opened.fd)
            raise
        if reason := _why_not(restored, opened):
            if opened.fd is not None:
                os.close(opened.fd)
            if alone:
                raise SessionError(f"Session {restored.header.id} {reason}, so it is left as it is.")
            return self._fork_instead(path, restored, on_failure, reason)
        log = SessionLog(restored.header.id, path, opened.fd, on_failure, restored.turns)
        log.title = restored.title
        if restored.version < VERSION and opened.fd is not None:
            log.append({"type": "version", "v": VERSION})
        return log, restored

    def open_to_read(self, session: str | None = None) -> tuple[SessionLog, Restored]:
        """Look at a session; its log takes nothing.

        Raises:
            SessionError: as `open`.
        """
        path = self.find(session)
        restored = _restored(path, OpenedFile(None, decode_lines(read_file(path))))
        return SessionLog(restored.header.id, path, None, _raise), restored

    def _fork_instead(
        self, path: Path, restored: Restored, on_failure: Callable[[str], None], reason: str
    ) -> tuple[SessionLog, Restored]:
        old = restored.header.id
        opened = open_file(self._path(self.fork(path.name.removesuffix(_SUFFIX))))
        copy = _restored(path, opened)
        warning = f"Session {old} {reason}, so this goes on as its copy {copy.header.id}."
        log = SessionLog(copy.header.id, self._path(copy.header.id), opened.fd, on_failure, copy.turns)
        log.title = copy.title
        return log, replace(copy, warnings=(warning, *restored.warnings))

    def fork(self, session: str | None = None) -> str:
        """Copy a session as it is now; gives the copy's id.

        Raises:
            SessionError: there is none, or the copy can't be written.
        """
        path = self.find(session)
        records = decode_lines(read_file(path)).records
        old = _header(path, records)
        header = replace(old, id=self.new_id(), created=now(), forked_from=old.id)
        target = self._path(header.id)
        self._copy_contents(path, target)
        try:
            make_private(self.directory)
            fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                for record in (header.encode(), *records[1:]):
                    file.write(encode_line(record))
                file.flush()
                os.fsync(fd)
            sync_directory(self.directory)
        except OSError as error:
            with suppress(OSError):
                target.unlink()
            reason = (error.strerror or str(error)).lower()
            raise SessionError(f"Session {old.id} can't be copied: {reason}.") from None
        return header.id

    def _copy_contents(self, path: Path, target: Path) -> None:
        """What files held before the session changed them; without it the copy can't take that back."""
        contents = path.with_suffix("") / CONTENTS
        if contents.exists():
            import shutil

            with suppress(OSError):
                make_private(target.with_suffix(""))
                shutil.copyfile(contents, target.with_suffix("") / CONTENTS)

    def rename(self, session: str | None, title: str) -> str:
        """Give a session a title; gives its id.

        Raises:
            SessionError: there is none, or another process has it open.
        """
        path = self.find(session)
        fd = self._writable(path, "renamed")
        log = SessionLog(path.name.removesuffix(_SUFFIX), path, fd, _raise)
        try:
            log.append({"type": "title", "title": title})
        finally:
            log.close()
        return log.id

    def delete(self, session: str | None) -> str:
        """Delete a session with all that belongs to it; gives its id.

        Raises:
            SessionError: there is none, another process has it open, or it can't be deleted.
        """
        path = self.find(session)
        fd = self._writable(path, "deleted")
        try:
            path.unlink()
        except OSError as error:
            raise SessionError(
                f"{path} can't be deleted: {(error.strerror or str(error)).lower()}."
            ) from None
        finally:
            os.close(fd)
        if (files := path.with_suffix("")).is_dir():
            import shutil

            shutil.rmtree(files, ignore_errors=True)
        if self._kept_states is not None:
            from qwen_code.local.kv_store import forget

            forget(self._kept_states, path.name.removesuffix(_SUFFIX))
        return path.name.removesuffix(_SUFFIX)

    def export(self, session: str | None = None, form: str = "md") -> str:
        """A session as text: `md` to read, `json` in the form of OpenAI's chat messages, `html` as a page.

        Raises:
            SessionError: there is none, or there is no such form.
        """
        from qwen_code.sessions.export import as_json, as_markdown
        from qwen_code.sessions.html_export import as_html

        forms = {"md": as_markdown, "json": as_json, "html": as_html}
        if form not in forms:
            raise SessionError(f"A session can be exported as {', '.join(forms)}, not as {form!r}.")
        path = self.find(session)
        records = decode_lines(read_file(path)).records
        _header(path, records)
        return forms[form](restore(records))

    def take_in(self, header: SessionHeader, records: Sequence[Record]) -> str:
        """Keep a conversation that was had elsewhere; gives its id.

        Raises:
            SessionError: it can't be written.
        """
        log = self.create(header, _raise)
        try:
            for record in records:
                log.append(record)
        finally:
            log.close()
        return header.id

    def _path(self, session_id: str) -> Path:
        return self.directory / f"{session_id}{_SUFFIX}"

    def _paths(self) -> list[Path]:
        try:
            return [path for path in self.directory.iterdir() if path.suffix == _SUFFIX]
        except OSError:
            return []

    def _by_use(self) -> list[Path]:
        """The files, the one written last first."""
        used: list[tuple[float, str, Path]] = []
        for path in self._paths():
            with suppress(OSError):
                used.append((path.stat().st_mtime, path.name, path))
        return [path for *_, path in sorted(used, reverse=True)]

    def _writable(self, path: Path, what: str) -> int:
        opened = open_file(path)
        if opened.fd is None:
            reason = "another process has it open" if opened.busy else opened.read_only.lower()
            raise SessionError(f"Session {path.name.removesuffix(_SUFFIX)} can't be {what}: {reason}.")
        return opened.fd


def _why_not(restored: Restored, opened: OpenedFile) -> str:
    """Why a session can't be written by this process, as the end of a sentence; empty when it can."""
    if opened.busy:
        return "is open in another process"
    if restored.version > VERSION:
        return "was written by a newer version of qwen-code"
    return ""


def _raise(sentence: str) -> None:
    raise SessionError(sentence)


def _header(path: Path, records: list[Record]) -> SessionHeader:
    try:
        return SessionHeader.decode(records[0] if records else {})
    except SessionError as error:
        raise SessionError(f"The session in {path} can't be used: {error}.") from None


def _restored(path: Path, opened: OpenedFile) -> Restored:
    warnings: list[str] = []
    if opened.lines.torn:
        warnings.append("The session's last record was cut off when it was written; it is left out.")
    if opened.lines.damaged:
        numbers = ", ".join(map(str, opened.lines.damaged[:5]))
        warnings.append(f"Damaged lines of the session are left out: {numbers} of {path}.")
    if opened.read_only:
        warnings.append(f"The session can be read but not saved ({opened.read_only.lower()}).")
    _header(path, opened.lines.records)
    return restore(opened.lines.records, warnings)
