"""Commands with all rights of the person, where nothing confines them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qwen_code.sandbox.base import Network
from qwen_code.sandbox.confined_run import ConfinedRun

_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0"}
"""So that `git status`, which runs unasked, writes no index and so starts no hook of the repository's."""


class Unconfined:
    """Implements `qwen_code.sandbox.base.Sandbox` by doing nothing but ending commands with this process."""

    name = "none"
    confines = False
    leads_group = False
    network = Network("on", private=True)

    def confine(self, argv: Sequence[str], directory: Path) -> ConfinedRun:
        from qwen_code.sandbox.job import ends_with_us

        return ConfinedRun(argv=ends_with_us(argv), environment=_ENVIRONMENT)

    def explain(self) -> Sequence[str]:
        return ("commands run with all rights of the person who started qwen-code",)

    def close(self) -> None:
        """Nothing is kept."""
