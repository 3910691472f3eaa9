"""What a setting may be: one kind for each sort of value, the same for files, variables and flags.

The kinds are made by functions (`whole(...)`, `texts(...)`) and checked by hand: some fifty scalars need no
validation library, and the first request of a run does not wait for one to be imported.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast


class Unfit(ValueError):
    """A value is not of its kind; `str()` adds a remedy to the kind's `noun`, or is empty."""


class Kind:
    """A sort of value."""

    __slots__ = ("from_text", "noun", "read", "write")

    def __init__(
        self,
        noun: str,
        read: Callable[[object], object],
        from_text: Callable[[str], object] = str.strip,
        write: Callable[[object], object] = lambda value: value,
    ) -> None:
        self.noun = noun
        """Completes "must be ...", and says it in the documentation."""
        self.read = read
        """Checks what JSON can hold and gives it in the type and unit of its field; raises Unfit."""
        self.from_text = from_text
        """Turns the text of a variable into what `read` takes; raises Unfit."""
        self.write = write
        """The inverse of `read`: a field's value as the file has it."""


def text(noun: str = "text") -> Kind:
    """Any text."""

    def read(value: object) -> object:
        if not isinstance(value, str) or "\0" in value:
            raise Unfit
        try:
            value.encode()
        except UnicodeEncodeError:  # bytes of a variable or flag that are not UTF-8
            raise Unfit("written in UTF-8") from None
        return value

    return Kind(noun, read, str)


def word(noun: str = "text of one line") -> Kind:
    """Text of one line; blanks around it are dropped."""

    def read(value: object) -> object:
        if not isinstance(value, str) or not value.strip().isprintable():
            raise Unfit
        return value.strip()

    return Kind(noun, read)


def shaped(noun: str, shape: str) -> Kind:
    """Text that matches the regular expression `shape`."""

    def read(value: object) -> object:
        if not isinstance(value, str) or not re.fullmatch(shape, value.strip()):
            raise Unfit
        return value.strip()

    return Kind(noun, read)


def secret() -> Kind:
    """What goes into an HTTP header as it is; blanks around it, as secret files have them, are dropped."""
    return shaped("plain ASCII text without blanks", r"[!-~]*")


_HTTP_URL = (
    r"https?://(?:[^\s/?#@]*@)?"  # perhaps a user
    r"(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(?::[0-9]{1,5})?"
    r"(?:[/?#]\S*)?"
)


_BARE_URL = r"(?:localhost|[\w-]+(?:\.[\w-]+)+|[\w-]+(?=:))(?::[0-9]{1,5})?(?:/\S*)?"


def url() -> Kind:
    """An endpoint; the scheme, which people forget, may be missing."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            raise Unfit
        link = value.strip()
        if link and not (link.isprintable() and re.fullmatch(f"{_HTTP_URL}|{_BARE_URL}", link)):
            raise Unfit
        return link

    return Kind("a URL such as http://localhost:8080/v1", read)


def proxy() -> Kind:
    """An HTTP or SOCKS proxy, or nothing."""
    return shaped("a proxy's URL such as http://proxy.example:3128", r"(?:(?:https?|socks5h?)://[!-~]+)?")


def flag() -> Kind:
    """True or false."""

    def read(value: object) -> object:
        if not isinstance(value, bool):
            raise Unfit(_unquoted(value))
        return value

    def from_text(line: str) -> object:
        answer = line.strip().lower()
        if answer not in _YES and answer not in _NO:
            raise Unfit("1 and 0 will do")
        return answer in _YES

    return Kind("true or false", read, from_text)


_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def number(
    noun: str, least: float, most: float = 1e12, *, scale: float = 1.0, unlimited: bool = False
) -> Kind:
    """A number within bounds.

    Args:
        scale: turns the file's unit into the field's (milliseconds to seconds).
        unlimited: -1 stands for no limit, which the field holds as None.
    """

    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise Unfit(_unquoted(value))
        if unlimited and value == -1:
            return None
        if not least <= value <= most:
            raise Unfit
        return value * scale

    def from_text(line: str) -> object:
        try:
            return float(line)
        except ValueError:
            raise Unfit from None

    def write(value: object) -> object:
        if value is None and unlimited:
            return -1
        if not isinstance(value, (int, float)):
            return value
        figure = round(value / scale, 6)
        return int(figure) if figure.is_integer() else figure

    return Kind(noun, read, from_text, write)


def milliseconds() -> Kind:
    """A time, as Qwen Code writes it; the field holds seconds."""
    return number("a number of milliseconds above 0", 1, scale=0.001)


def whole(noun: str, least: int, most: int = 2**53, *, shift: int = 0, minus_one: int | None = -1) -> Kind:
    """A whole number within bounds.

    Args:
        shift: is added for the field (tries are one more than retries).
        minus_one: what -1 stands for in the field; -1 for nothing special.
    """

    def read(value: object) -> object:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit(_unquoted(value))
        if value == -1 and minus_one != -1:
            return minus_one
        if not least <= value <= most:
            raise Unfit
        return value + shift

    def from_text(line: str) -> object:
        if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", line):
            raise Unfit
        return int(line)

    def write(value: object) -> object:
        if value == minus_one:
            return -1
        return value - shift if isinstance(value, int) else value

    return Kind(noun, read, from_text, write)


def choice(*options: str, spellings: Mapping[str, str] | None = None) -> Kind:
    """One of `options`; `spellings` maps other ways to write them."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            raise Unfit
        option = (spellings or {}).get(value.strip(), value.strip())
        if option not in options:
            raise Unfit
        return option

    return Kind("one of " + ", ".join(options), read)


def texts(noun: str, shape: str = r"[^\0]*\S[^\0]*", *, single: bool = False, remedy: str = "") -> Kind:
    """A list of texts that match `shape`, held as a tuple; a variable has it as JSON or with commas.

    Args:
        single: a text by itself is a list of one.
        remedy: added to the sentence about an item of another shape.
    """

    def read(value: object) -> object:
        if single and isinstance(value, str):
            value = [value]
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise Unfit("put it in brackets" if isinstance(value, str) else "")
        items = cast("Sequence[object]", value)
        for item in items:
            if not isinstance(item, str):
                raise Unfit
            if not re.fullmatch(shape, item, re.DOTALL):
                raise Unfit(remedy)
        return tuple(items)

    def from_text(line: str) -> object:
        if line.lstrip().startswith("["):
            return _json(line)
        return [part.strip() for part in _split(line) if part.strip()]

    return Kind(noun, read, from_text)


def _split(line: str) -> list[str]:
    """Split at commas, but not inside parentheses: rules such as `Bash(a, b)` stay whole."""
    parts, depth = [""], 0
    for character in line:
        depth = max(0, depth + (character == "(") - (character == ")"))
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def table() -> Kind:
    """An object with any content; a variable has it as JSON."""

    def read(value: object) -> object:
        if not isinstance(value, Mapping):
            raise Unfit
        return dict(cast("Mapping[str, object]", value))

    return Kind("an object", read, _json)


def headers() -> Kind:
    """HTTP headers: names and values that a request can carry."""

    def read(value: object) -> object:
        if not isinstance(value, Mapping):
            raise Unfit
        fields = cast("Mapping[str, object]", value)
        for name, content in fields.items():
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                raise Unfit(f"{name!r} can't be the name of a header")
            if not isinstance(content, str) or not re.fullmatch(r"[ -~]*", content):
                raise Unfit(f"the value of {name} must be one line of ASCII text")
        return dict(fields)

    return Kind("an object of header names and texts", read, _json)


def _json(line: str) -> object:
    from qwen_code.settings.jsonc import JsonError, parse

    try:
        return parse(line).plain()
    except JsonError as error:
        raise Unfit(f"it is read as JSON, and {error}") from None


def _unquoted(value: object) -> str:
    return "without quotes" if isinstance(value, str) else ""


def show(value: object) -> str:
    """A value as a person would write it in a file, cut to what fits a sentence."""
    try:
        line = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        line = repr(value)
    return line if len(line) <= 60 else line[:57] + "..."


def unfit_sentence(name: str, kind: Kind, raw: object, error: Unfit, *, secret: bool = False) -> str:
    """What is wrong with a value, without the place and without the final stop."""
    given = "what is given" if secret else show(raw)
    hint = f"; {error}" if str(error) else ""
    return f"`{name}` must be {kind.noun}, not {given}{hint}"
