"""Finds out which sandbox works here, by running `true` in it, and why the better ones do not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from qwen_code.sandbox.base import Bounds, Reason, Sandbox
from qwen_code.sandbox.unconfined import Unconfined

if TYPE_CHECKING:
    from qwen_code.sandbox.bubblewrap import Bubblewrap
    from qwen_code.sandbox.confined_run import ConfinedRun

PROBE_S: Final = 10.0
_BUBBLEWRAP: Final = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap")
Backend: TypeAlias = Literal["bubblewrap", "landlock"]
"""The kinds between which there is a choice, on Linux."""
_APPARMOR: Final = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_INSTALL: Final = "Install it with your package manager (apt, dnf or pacman install bubblewrap)."


@dataclass(frozen=True, slots=True)
class Choice:
    """The sandbox that is used, and what speaks against those that are not."""

    sandbox: Sandbox
    reasons: tuple[Reason, ...] = ()

    @property
    def remedy(self) -> str:
        return " ".join(str(reason) for reason in self.reasons)


class Chooser:
    """Chooses when first asked. `begin` may be called before, so that the probe runs beside other work."""

    def __init__(
        self,
        bounds: Bounds,
        environment: Mapping[str, str],
        *,
        enabled: bool = True,
        programs: Sequence[str] = _BUBBLEWRAP,
        only: Backend | None = None,
    ) -> None:
        """`environment` is the user's; bubblewrap is one of `programs`, else the one on its PATH. `only`
        names the one kind that may be chosen."""
        self._programs = programs
        self._only = only
        self._bounds = bounds
        self._environment = environment
        self._enabled = enabled
        self._first: _Probe | None = None

    def begin(self) -> None:
        """Start the probe that most likely succeeds."""
        if self._first is None and self._may_use_bubblewrap() and not self._misplaced():
            candidate = next(self._bubblewraps(), None)
            if candidate is not None:
                self._first = _Probe(candidate)

    def _may_use_bubblewrap(self) -> bool:
        return self._enabled and sys.platform == "linux" and self._only != "landlock"

    @property
    def sandbox(self) -> Sandbox:
        return self.choice.sandbox

    @cached_property
    def choice(self) -> Choice:
        """The best that works; `Unconfined` when none does."""
        if not self._enabled:
            return Choice(Unconfined(), (Reason("sandbox", "it is switched off (--no-sandbox)"),))
        if reason := self._misplaced():
            return Choice(Unconfined(), (reason,))
        if sys.platform == "darwin":
            return self._on_macos()
        if sys.platform != "linux":
            return Choice(Unconfined(), (Reason("sandbox", f"there is none for {sys.platform}"),))
        reasons: list[Reason] = []
        for candidate in self._bubblewraps() if self._only != "landlock" else ():
            probe = self._first or _Probe(candidate)
            self._first = None
            failure = probe.failure()
            if not failure:
                return Choice(probe.sandbox)
            probe.sandbox.close()
            reasons.append(_why(failure))
        if self._only == "landlock":
            return self._weaker(())
        if not reasons:
            reasons.append(self._no_bubblewrap())
        if self._only == "bubblewrap":
            return Choice(Unconfined(), tuple(reasons[:1]))
        return self._weaker(reasons[:1])

    def close(self) -> None:
        """Remove what the sandbox kept, if one was chosen."""
        if self._first is not None:
            self._first.abandon()
            self._first.sandbox.close()
        if "choice" in self.__dict__:
            self.sandbox.close()

    def _misplaced(self) -> Reason | None:
        """A workspace in which a person's own start-up files lie can't be confined."""
        home = Path(os.path.realpath(self._bounds.home))
        for root in self._bounds.roots:
            if home.is_relative_to(root):
                where = "your home directory" if root == home else f"{root}, which holds your home directory"
                return Reason("sandbox", f"the workspace is {where}", "Start in the directory of a project.")
        return None

    def _bubblewraps(self) -> Iterator[Bubblewrap]:
        """Bubblewrap as it may work here, the best first."""
        from qwen_code.sandbox.bubblewrap import Bubblewrap, Variant
        from qwen_code.sandbox.seccomp import program

        path, call_filter = self._find_bubblewrap(), program(os.uname().machine)
        if path is None or call_filter is None:
            return
        root = os.geteuid() == 0
        foreign = root and any(folder.stat().st_uid != 0 for folder in self._bounds.roots)
        usual, old = Variant(), Variant(disable_user_namespaces=False)
        variants = [Variant(user_namespace=False)] if foreign else [usual, old]
        if root and not foreign:
            variants.append(Variant(user_namespace=False))
        variants += [replace(variant, own_proc=False) for variant in variants]
        for variant in variants:
            yield Bubblewrap(path, self._bounds, self._environment, call_filter, variant)

    def _find_bubblewrap(self) -> str | None:
        """Never one from within the workspace."""
        import shutil

        for found in (*self._programs, shutil.which("bwrap", path=self._environment.get("PATH"))):
            if found and os.access(found, os.X_OK):
                real = Path(os.path.realpath(found))
                if not any(real.is_relative_to(root) for root in self._bounds.roots):
                    return found
        return None

    def _no_bubblewrap(self) -> Reason:
        if self._find_bubblewrap() is None:
            return Reason("bubblewrap", "there is no bwrap on this machine", _INSTALL)
        return Reason("bubblewrap", f"there is no system call filter for {os.uname().machine}")

    def _weaker(self, reasons: Sequence[Reason]) -> Choice:
        """Landlock, for which no namespace is needed."""
        from qwen_code.sandbox.landlock import Landlock, version
        from qwen_code.sandbox.seccomp import program

        call_filter = program(os.uname().machine, sockets=self._bounds.network.mode == "on")
        if call_filter is None or version() == 0:
            return Choice(Unconfined(), (*reasons, Reason("landlock", "this kernel has it not")))
        probe = _Probe(Landlock(self._bounds, self._environment, call_filter))
        if failure := probe.failure():
            probe.sandbox.close()
            return Choice(Unconfined(), (*reasons, Reason("landlock", f"it fails ({failure})")))
        return Choice(probe.sandbox, tuple(reasons))

    def _on_macos(self) -> Choice:
        from qwen_code.sandbox.seatbelt import Seatbelt

        probe = _Probe(Seatbelt(self._bounds, self._environment))
        if failure := probe.failure():
            return Choice(Unconfined(), (Reason("seatbelt", f"it fails ({failure})"),))
        return Choice(probe.sandbox)


class Probed(Sandbox, Protocol):
    """A sandbox that can be tried."""

    def probe(self) -> ConfinedRun: ...


class _Probe:
    """`true`, run in a sandbox."""

    def __init__(self, sandbox: Probed) -> None:
        self.sandbox = sandbox
        self._run: ConfinedRun | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._problem = ""
        try:
            self._run = sandbox.probe()
            self._process = subprocess.Popen(
                self._run.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=self._run.descriptors,
                env={"PATH": os.defpath},
            )
        except OSError as error:
            self._problem = str(error)

    def failure(self) -> str:
        """What the sandbox says; empty when it works. Waits for it."""
        if self._process is not None:
            try:
                _, said = self._process.communicate(timeout=PROBE_S)
                text = said.decode("utf-8", "replace").strip()
                self._problem = "" if self._process.returncode == 0 else text or "it fails without a word"
            except subprocess.TimeoutExpired:
                self.abandon()
                self._problem = "it does not come to an end"
            self._process = None
        self._release()
        return self._problem

    def abandon(self) -> None:
        """End it without waiting for what it would say: nobody is to stay because of it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stderr is not None:  # not read to its end, which a child may hold open
                self._process.stderr.close()
            self._process = None
        self._release()

    def _release(self) -> None:
        if self._run is not None:
            self._run.close()
            self._run = None


def _why(failure: str) -> Reason:
    """What a person can do about bubblewrap's complaint."""
    said = failure.splitlines()[-1].removeprefix("bwrap: ")
    lower = failure.lower()
    if "unknown option" in lower:
        return Reason("bubblewrap", f"it is too old ({said})", "Install bubblewrap 0.5 or newer.")
    if any(
        sign in lower
        for sign in (
            "uid map",
            "user namespace",
            "new namespace",
            "namespace failed",
            "unprivileged",
            "clone",
        )
    ):
        if _APPARMOR.exists() and _APPARMOR.read_text().strip() == "1":
            remedy = (
                "AppArmor forbids user namespaces to programs without a profile: install the profile "
                "`bwrap-userns-restrict` of the package apparmor-profiles."
            )
        else:
            remedy = (
                "In a container, start that with --security-opt seccomp=unconfined; elsewhere see "
                "the sysctls user.max_user_namespaces and kernel.unprivileged_userns_clone."
            )
        return Reason("bubblewrap", f"this machine refuses user namespaces ({said})", remedy)
    return Reason("bubblewrap", f"it fails ({said})")
