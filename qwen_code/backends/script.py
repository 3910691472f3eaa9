"""The file that a scripted model plays: read, checked, and explained when it is wrong.

The format is described in `docs/scripted-backend.md`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from qwen_code.chunks import FinishReason
from qwen_code.errors import ConfigurationError
from qwen_code.messages import Usage

ErrorKind: TypeAlias = Literal["unavailable", "overflow", "misconfigured", "backend"]
AtEnd: TypeAlias = Literal["error", "repeat"]

ERROR_KINDS = ("unavailable", "overflow", "misconfigured", "backend")
FINISH_REASONS = ("stop", "tool_calls", "length", "content_filter", "error")
DEFAULT_WINDOW = 262_144


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    name: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    id: str = ""


@dataclass(frozen=True, slots=True)
class ScriptedError:
    kind: ErrorKind
    message: str
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What a prompt must be like; an empty field is always true."""

    last_contains: tuple[str, ...] = ()
    last_lacks: tuple[str, ...] = ()
    last_role: str = ""
    any_contains: tuple[str, ...] = ()
    tools_offered: bool | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One answer."""

    place: str
    """Where it stands, for sentences."""
    text: str = ""
    raw: str = ""
    reasoning: str = ""
    calls: tuple[ScriptedCall, ...] = ()
    delay_s: float = 0.0
    rate: float | None = None
    finish: FinishReason | None = None
    usage: Usage | None = None
    error: ScriptedError | None = None
    expect: Condition | None = None
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Script:
    steps: tuple[Step, ...]
    rules: tuple[Step, ...] = ()
    """Answers by condition, tried before the steps."""
    name: str = "scripted"
    context_window: int = DEFAULT_WINDOW
    rate: float = 0.0
    """Words a second; 0 is as fast as they are taken."""
    at_end: AtEnd = "error"
    continues: bool = False
    """Begin after as many steps as the conversation already has answers."""


def load_script(path: Path) -> Script:
    """Read a script: a JSON object, a JSON list of steps, or one step a line.

    Raises:
        ConfigurationError: it can't be read, or is not a script; the sentence says where.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"The script {path} can't be read: {reason}.") from None
    return parse_script(text, str(path))


def parse_script(text: str, origin: str) -> Script:
    """As `load_script`, for text that came from `origin`."""
    data: Any = _lines(text, origin) if _is_lines(text) else _parsed(text, origin, 0)
    if isinstance(data, list):
        data = {"steps": cast("list[Any]", data)}
    reader = _Fields(data, origin)
    script = Script(
        steps=tuple(_step(step, f"{origin}, step {n}") for n, step in enumerate(reader.entries("steps"), 1)),
        rules=tuple(_step(rule, f"{origin}, rule {n}") for n, rule in enumerate(reader.entries("rules"), 1)),
        name=reader.text("name") or "scripted",
        context_window=int(reader.number("context_window") or DEFAULT_WINDOW),
        rate=reader.number("rate") or 0.0,
        at_end=cast("AtEnd", reader.choice("at_end", ("error", "repeat")) or "error"),
        continues=reader.flag("continues") or False,
    )
    reader.nothing_else()
    if not script.steps and not script.rules:
        raise ConfigurationError(f"{origin} has no steps. Write them as a list under `steps`.")
    return script


def _is_lines(text: str) -> bool:
    """True for several JSON values, one a line."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return False
    try:
        return isinstance(json.loads(lines[0]), (dict, str))
    except (ValueError, RecursionError):
        return False


def _lines(text: str, origin: str) -> list[Any]:
    numbered = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    return [_parsed(line, origin, n - 1) for n, line in numbered]


def _parsed(text: str, origin: str, lines_before: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = error.lineno + lines_before
        raise ConfigurationError(f"{origin}, line {line}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise ConfigurationError(f"{origin} is nested too deeply.") from None


def _step(data: Any, place: str) -> Step:
    reader = _Fields({"text": data} if isinstance(data, str) else data, place)
    step = Step(
        place,
        text=reader.text("text"),
        raw=reader.text("raw"),
        reasoning=reader.text("reasoning"),
        calls=tuple(_call(call, f"{place}, call {n}") for n, call in enumerate(reader.entries("calls"), 1)),
        delay_s=reader.number("delay_s") or 0.0,
        rate=reader.number("rate"),
        finish=cast("FinishReason | None", reader.choice("finish", FINISH_REASONS)),
        usage=reader.nested("usage", _usage),
        error=reader.nested("error", _error),
        expect=reader.nested("expect", _condition),
        when=reader.nested("when", _condition),
    )
    reader.text("note")
    reader.nothing_else()
    return step


def _call(data: Any, place: str) -> ScriptedCall:
    reader = _Fields(data, place)
    call = ScriptedCall(reader.text("name"), reader.mapping("arguments"), reader.text("id"))
    reader.nothing_else()
    if not call.name:
        raise ConfigurationError(f"{place}: `name` is missing; it is the tool's.")
    return call


def _usage(data: Any, place: str) -> Usage:
    reader = _Fields(data, place)
    usage = Usage(
        prompt_tokens=int(reader.number("prompt_tokens") or 0),
        cached_tokens=int(reader.number("cached_tokens") or 0),
        completion_tokens=int(reader.number("completion_tokens") or 0),
        cost_usd=reader.number("cost_usd"),
    )
    reader.nothing_else()
    return usage


def _error(data: Any, place: str) -> ScriptedError:
    reader = _Fields(data, place)
    kind = cast("ErrorKind", reader.choice("kind", ERROR_KINDS) or "backend")
    window = reader.number("window")
    message = reader.text("message") or "The script says so."
    error = ScriptedError(kind, message, int(window) if window else None)
    reader.nothing_else()
    return error


def _condition(data: Any, place: str) -> Condition:
    reader = _Fields(data, place)
    condition = Condition(
        last_contains=reader.texts("last_contains"),
        last_lacks=reader.texts("last_lacks"),
        last_role=reader.choice("last_role", ("user", "assistant", "tool")) or "",
        any_contains=reader.texts("any_contains"),
        tools_offered=reader.flag("tools_offered"),
    )
    reader.nothing_else()
    return condition


class _Fields:
    """Takes fields out of a JSON object, and knows which are left over."""

    def __init__(self, data: Any, place: str) -> None:
        if not isinstance(data, Mapping):
            raise ConfigurationError(f"{place}: must be a JSON object.")
        self._left = dict(cast("Mapping[str, Any]", data))
        self._known: list[str] = []
        self._place = place

    def text(self, name: str) -> str:
        return cast("str", self._take(name, str, "text")) or ""

    def number(self, name: str) -> float | None:
        value: Any = self._take(name, (int, float), "a number")
        if isinstance(value, bool) or (value is not None and value < 0):
            raise self._wrong(name, "a number that is not negative")
        return value

    def flag(self, name: str) -> bool | None:
        return self._take(name, bool, "true or false")

    def entries(self, name: str) -> list[Any]:
        return self._take(name, list, "a list") or []

    def mapping(self, name: str) -> dict[str, Any]:
        return self._take(name, dict, "an object") or {}

    def texts(self, name: str) -> tuple[str, ...]:
        value: Any = self._take(name, (str, list), "text or a list of texts") or []
        values: list[Any] = [value] if isinstance(value, str) else value
        if not all(isinstance(v, str) for v in values):
            raise self._wrong(name, "text or a list of texts")
        return tuple(values)

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self._take(name, str, f"one of {', '.join(choices)}")
        if value is not None and value not in choices:
            raise self._wrong(name, f"one of {', '.join(choices)}")
        return value

    def nested(self, name: str, read: Callable[[Any, str], Any]) -> Any:
        value = self._take(name, object, "")
        return None if value is None else read(value, f"{self._place}, {name}")

    def nothing_else(self) -> None:
        if self._left:
            unknown = next(iter(self._left))
            raise ConfigurationError(
                f"{self._place}: `{unknown}` is unknown; known are {', '.join(self._known)}."
            )

    def _take(self, name: str, kinds: Any, noun: str) -> Any:
        self._known.append(name)
        value = self._left.pop(name, None)
        if value is not None and not isinstance(value, kinds):
            raise self._wrong(name, noun)
        return value

    def _wrong(self, name: str, noun: str) -> ConfigurationError:
        return ConfigurationError(f"{self._place}: `{name}` must be {noun}.")
