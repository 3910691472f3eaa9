"""Everything that can stop qwen-code, and the exit code each cause ends with.

    QwenCodeError                      1   anything below; the text is one sentence with its remedy
    ├── UsageError                     2   a flag or argument is wrong
    ├── InputError                    42   the prompt, a file or a session given as input is unusable
    ├── SandboxUnavailable            44   no sandbox works here and none was waived
    ├── ConfigurationError            52   a setting is wrong
    │   └── EndpointMisconfigured     52   bad key, unknown model, wrong URL, TLS failure
    ├── BackendError                   1   the model server answered with something unusable
    │   ├── ContextOverflow            1   the conversation does not fit the model's window
    │   └── BackendUnavailable        75   worth trying again later (sysexits EX_TEMPFAIL)
    └── SessionError                  42   a session can't be found, read or written

A tool that fails raises `qwen_code.tool.ToolFailure` instead: that is news for the model, not an end.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says to its caller."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    BAD_INPUT = 42
    NO_SANDBOX = 44
    CONFIGURATION = 52
    TURN_LIMIT = 53
    DENIED = 54
    BUDGET = 55
    VERIFICATION_FAILED = 56
    TRY_LATER = 75
    INTERRUPTED = 130


class QwenCodeError(Exception):
    """An end of the run with a reason; `str()` is the sentence that the user reads."""

    exit_code: ExitCode = ExitCode.FAILED


class UsageError(QwenCodeError):
    exit_code = ExitCode.USAGE


class InputError(QwenCodeError):
    exit_code = ExitCode.BAD_INPUT


class SandboxUnavailable(QwenCodeError):
    exit_code = ExitCode.NO_SANDBOX


class ConfigurationError(QwenCodeError):
    exit_code = ExitCode.CONFIGURATION


class EndpointMisconfigured(ConfigurationError):
    """The endpoint can't be used as configured; trying again will not help."""


class BackendError(QwenCodeError):
    """The model server answered, and the answer can't be used."""


class ContextOverflow(BackendError):
    """The server refused the request because it does not fit the model's window."""

    def __init__(self, message: str, *, window: int | None = None) -> None:
        super().__init__(message)
        self.window = window
        """Tokens that the server says it can hold, when it says so."""


class BackendUnavailable(BackendError):
    """A failure that may pass: refused connections, 429, 5xx, time limits, streams that break off."""

    exit_code = ExitCode.TRY_LATER

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        """Seconds that the server asked to wait (`Retry-After`), when it did."""


class SessionError(QwenCodeError):
    exit_code = ExitCode.BAD_INPUT
