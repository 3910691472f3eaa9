"""Why a request is refused, in the form of OpenAI's API."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """The request gets an error for an answer; the text is one sentence for people."""

    def __init__(self, status: int, message: str, *, code: str = "", param: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param

    @property
    def body(self) -> dict[str, Any]:
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        error = {
            "message": str(self),
            "type": kind,
            "param": self.param or None,
            "code": self.code or None,
        }
        return {"error": error}
