"""Rules: Markdown files in `.qwen/rules`, whose front matter may say which files they are about.

---
description: how endpoints are written
paths:
  - src/api/**/*.py
---
Every endpoint has a test of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qwen_code.workspace.globs import compile_glob

MAX_RULES = 200
MAX_BYTES = 32 * 1024

_ITEM = re.compile(r"^\s*-\s+(.*)$")


@dataclass(frozen=True, slots=True)
class Rule:
    path: Path
    text: str
    paths: tuple[re.Pattern[str], ...] = ()
    """The files it is about, from the project directory; none: it always holds."""

    def is_about(self, relative: str) -> bool:
        return any(pattern.match(relative) for pattern in self.paths)


def find_rules(directory: Path, warn: Callable[[str], None]) -> list[Rule]:
    """The rules below `directory`, in the order of their names."""
    if not directory.is_dir():
        return []
    files = sorted(path for path in directory.rglob("*.md") if path.is_file())
    if len(files) > MAX_RULES:
        warn(f"{directory} holds {len(files)} rules; the first {MAX_RULES} are used.")
    inside = directory.parent.resolve()
    rules: list[Rule] = []
    for path in files[:MAX_RULES]:
        if not path.resolve().is_relative_to(inside):
            warn(f"{path} leads outside {inside}; it was left out.")
        elif (rule := _read(path, warn)) is not None:
            rules.append(rule)
    return rules


def _read(path: Path, warn: Callable[[str], None]) -> Rule | None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        warn(f"{path} was not read: {(error.strerror or str(error)).lower()}.")
        return None
    if b"\0" in data:
        warn(f"{path} is no text; it was left out.")
        return None
    if len(data) > MAX_BYTES:
        warn(f"{path} is longer than {MAX_BYTES // 1024} KB; only its beginning is used.")
    text = data[:MAX_BYTES].decode("utf-8", "replace").lstrip("\ufeff").replace("\r\n", "\n")
    globs, body = split_front_matter(text)
    patterns: list[re.Pattern[str]] = []
    for glob in globs:
        try:
            patterns.append(compile_glob(glob.removeprefix("./")))
        except ValueError as error:
            warn(f"{path}: {glob}: {error}.")
    if globs and not patterns:
        return None
    return Rule(path, body.strip(), tuple(patterns))


def split_front_matter(text: str) -> tuple[list[str], str]:
    """The globs under `paths`, and what follows the front matter. The form is the part of YAML that people
    use for it: a text, texts with commas between, a list in brackets or one item a line."""
    if not text.startswith("---\n"):
        return [], text
    head, end, body = text[4:].partition("\n---")
    if not end:
        return [], text
    globs: list[str] = []
    listing = False
    for line in head.split("\n"):
        if listing and (item := _ITEM.match(line)):
            globs += _texts(item[1])
        elif line.strip() and not line.startswith((" ", "\t", "#")):
            key, _, value = line.partition(":")
            listing = key.strip() in ("paths", "globs")
            if listing:
                globs += _texts(value)
    return globs, body.partition("\n")[2]


def _texts(value: str) -> list[str]:
    """`a`, `"a"`, `a, b` or `[a, "b"]`; a comma within braces belongs to its pattern."""
    value = value.strip()
    if value.startswith("[") and value.endswith("]"):
        value = value[1:-1]
    pieces, depth = [""], 0
    for char in value:
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += char
    texts = [piece.strip().strip("'\"") for piece in pieces]
    return [text for text in texts if text]
