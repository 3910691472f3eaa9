"""The protocol that every model backend speaks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Protocol

from qwen_code.chunks import Chunk
from qwen_code.messages import Prompt


@dataclass(frozen=True, slots=True)
class Host:
    """What a model in this process needs from the program around it."""

    session: Callable[[], str] = lambda: ""
    """The id of the session that asks; what is kept of it on disk is deleted with it."""
    warn: Callable[[str], None] = lambda text: None
    """Takes sentences that are no errors."""
    text_of: Callable[[str], str | None] = lambda path: None
    """The text of a file, by the path that the model uses, if it knows the file as it is now."""


class ModelBackend(Protocol):
    """One model that answers prompts. A backend is used by one request at a time.

    Cancellation is that of asyncio: when the task that reads `stream` is cancelled, or the iterator is
    closed, the backend stops the work at once, on the server as well (it closes the connection).
    """

    @property
    def name(self) -> str:
        """The model's name as the user knows it, e.g. `qwen3-coder-plus`."""
        ...

    @property
    def location(self) -> str:
        """Where it runs, for people: `local`, or the host of the endpoint."""
        ...

    async def context_window(self) -> int:
        """Tokens that fit the model's window as it is really served; asked once, then remembered."""
        ...

    async def window_at_hand(self) -> int | None:
        """The window as far as it can be told at once: without loading a model, and without asking a server
        that is not near."""
        ...

    def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """Answer `prompt`; see `qwen_code.chunks` for what comes in which order.

        Raises:
            EndpointMisconfigured: the key, model, URL or TLS setup is wrong; a retry can't help.
            ContextOverflow: the prompt does not fit.
            BackendUnavailable: every attempt within the retry budget failed.
            BackendError: the server answered with something that can't be used.
        """
        ...

    async def count_tokens(self, prompt: Prompt) -> int:
        """Tokens of `prompt`: exact where the tokenizer is at hand, else an estimate that errs high."""
        ...

    async def check(self) -> None:
        """Make sure that it could answer, at the price of at most a small request or a look at a file.

        Raises:
            QwenCodeError: it could not, and why.
        """
        ...

    async def aclose(self) -> None: ...
