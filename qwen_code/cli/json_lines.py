"""JSON in on stdin, JSON out on stdout: one value, or one a line, answered as soon as it is ready."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from qwen_code.errors import InputError


def read_json() -> Any:
    """The one JSON value on stdin.

    Raises:
        InputError: it is none.
    """
    try:
        return json.loads(sys.stdin.buffer.read().decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"stdin is not JSON: {error}.") from error


def read_lines() -> Iterator[dict[str, Any]]:
    """The JSON objects on stdin, one a line; what is none comes as `{"bad_line": why}` so that it gets its
    answer as well."""
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            yield {"bad_line": f"Line {number} is not JSON: {error}."}
            continue
        yield value if isinstance(value, dict) else {"bad_line": f"Line {number} is not a JSON object."}


def write_line(value: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")
    sys.stdout.flush()
