"""How one attempt to get an answer can end other than well."""

from __future__ import annotations

from qwen_code.errors import EndpointMisconfigured, QwenCodeError


class Transient(Exception):
    """One attempt failed in a way that may pass; the text is a clause without a full stop."""

    def __init__(
        self,
        reason: str,
        *,
        retry_after_s: float | None = None,
        max_tries: int | None = None,
        verdict: QwenCodeError | None = None,
        counted: bool = True,
        slower: float = 1.0,
    ) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        """What the server asked to wait."""
        self.max_tries = max_tries
        """Fewer tries than the policy allows, where another one is unlikely to help."""
        self.verdict = verdict
        """Raised instead of BackendUnavailable once the tries are spent."""
        self.counted = counted
        """False for a server that is starting up: only the total time bounds the tries."""
        self.slower = slower
        """How many times as long as usual to wait, where the server does not say."""


class UnknownModel(EndpointMisconfigured):
    """The endpoint has no such model."""


class NotAnEndpoint(EndpointMisconfigured):
    """Something answers there, and it is no chat completions API."""


class UnsupportedParameter(Exception):
    """The server refuses a parameter that the request can do without; the text is its name."""
