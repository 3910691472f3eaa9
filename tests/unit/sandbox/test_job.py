from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from qwen_code.sandbox.confined_run import ConfinedRun
from qwen_code.sandbox.process import Shell
from qwen_code.sandbox.unconfined import Unconfined
from qwen_code.tool import OutputLimits, ToolFailure
from qwen_code.workspace.outputs import OutputFiles


class Wrapping(Unconfined):
    """A sandbox that can be seen from inside, and that has something to say."""

    def confine(self, argv: Sequence[str], directory: Path) -> ConfinedRun:
        return Noted(argv=["/usr/bin/env", *argv], environment={"WRAPPED": "yes"})


class Noted(ConfinedRun):
    def close(self) -> Sequence[str]:
        return [*super().close(), "it was wrapped"]


class Broken(Unconfined):
    def confine(self, argv: Sequence[str], directory: Path) -> ConfinedRun:
        raise OSError(28, "No space left on device")


def test_a_sandbox_s_command_line_comes_before_the_shell_s_and_its_notes_after(tmp_path: Path) -> None:
    async def main() -> tuple[str, str, tuple[str, ...]]:
        (tmp_path / "src").mkdir()
        shell = Shell(
            tmp_path, os.environ, OutputFiles(tmp_path / "outputs"), OutputLimits(), sandbox=Wrapping
        )
        command = 'cd src; echo "$WRAPPED"'
        result = await shell.run(command, directory=None, timeout_s=20, on_output=lambda text: None)
        return result.text, shell.directory.name, result.notes

    assert asyncio.run(main()) == ("yes\n", "src", ("it was wrapped",))


def test_a_sandbox_that_can_t_be_prepared_is_an_answer_and_nothing_runs(tmp_path: Path) -> None:
    async def main() -> str:
        shell = Shell(tmp_path, os.environ, OutputFiles(tmp_path / "outputs"), OutputLimits(), sandbox=Broken)
        with pytest.raises(ToolFailure) as caught:
            await shell.run("touch made", directory=None, timeout_s=20, on_output=lambda text: None)
        return str(caught.value)

    assert "No space left" in asyncio.run(main())
    assert not (tmp_path / "made").exists()
