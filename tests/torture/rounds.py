"""How often something random is tried."""

from __future__ import annotations

import os

LONG = bool(os.environ.get("QWEN_TORTURE"))


def rounds(short: int, long: int) -> int:
    """`short` in every run of the tests, `long` by `make torture`."""
    return long if LONG else short
