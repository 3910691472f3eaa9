"""The check that the harness itself runs before it calls a turn done (`--verify CMD`)."""

from __future__ import annotations

from qwen_code.agent.executor import Tell
from qwen_code.events import ToolOutput, VerificationFinished, VerificationStarted
from qwen_code.tool import CommandRunner

CALL_ID = "verify"


class Verifier:
    """Runs one command in the sandbox; its exit code is the verdict, whatever the model says."""

    def __init__(self, command: str, commands: CommandRunner, timeout_s: float) -> None:
        self.command = command
        self._commands = commands
        self._timeout_s = timeout_s
        self._attempt = 0

    async def run(self, tell: Tell) -> VerificationFinished:
        self._attempt += 1
        tell(VerificationStarted(self.command))
        result = await self._commands.run(
            self.command,
            directory=None,
            timeout_s=self._timeout_s,
            on_output=lambda text: tell(ToolOutput(CALL_ID, text)),
        )
        output = result.text
        if result.timed_out:
            output += f"\n[timed out after {self._timeout_s:.0f} s]"
        finished = VerificationFinished(self.command, result.exit_code == 0, output, self._attempt)
        tell(finished)
        return finished


def feedback(finished: VerificationFinished) -> str:
    """What the model is told when the check failed."""
    return (
        f"Verification failed: `{finished.command}` does not succeed yet. Its output:\n\n"
        f"{finished.output.rstrip()}\n\nFind the cause, repair it, and finish only when this command passes."
    )
