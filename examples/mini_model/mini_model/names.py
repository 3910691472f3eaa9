"""Names for what generated packages are about: ordinary words, and words that nobody has used before.

The vocabulary is open on purpose: a model that must call `tevoli_count` by its name can't know it by heart,
it has to copy it.
"""

from __future__ import annotations

import builtins
import keyword
import random
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files

VERBS = [
    "get",
    "compute",
    "calculate",
    "find",
    "make",
    "build",
    "count",
    "check",
    "collect",
    "select",
    "pick",
    "fetch",
    "load",
    "parse",
    "read",
]
LETTERS = (
    "a b",
    "x y",
    "m n",
    "p q",
    "u v",
    "first second",
    "left right",
    "low high",
    "one other",
    "lhs rhs",
)
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvwxz", "aeiou"


@cache
def dictionary() -> list[str]:
    """Words that programs use."""
    return (files(__package__) / "words.txt").read_text("utf-8").split()


@cache
def nouns() -> list[str]:
    """Words that people name things by."""
    return (files(__package__) / "nouns.txt").read_text("utf-8").split()


def invented(rng: random.Random) -> str:
    """A word that is in no dictionary."""
    syllables = [rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(rng.choice((2, 2, 3)))]
    return "".join(syllables) + (rng.choice(_CONSONANTS) if rng.random() < 0.4 else "")


def noun(rng: random.Random) -> str:
    """A singular: mostly an ordinary one."""
    at = rng.random()
    if at < 0.5:
        return rng.choice(nouns())
    return rng.choice(dictionary()) if at < 0.8 else invented(rng)


def plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


class Names:
    """Chooses the names of one function or class; each placeholder keeps its name."""

    def __init__(self, rng: random.Random, taken: Iterable[str] = ()) -> None:
        """`taken`: names that stand in the text as they are."""
        self._rng = rng
        self._chosen: dict[str, str] = {}
        self._used = set(taken)

    def __getitem__(self, role: str) -> str:
        if role not in self._chosen:
            self._choose(role)
        return self._chosen[role]

    def _take(self, role: str, draw: Callable[[], str]) -> None:
        name = draw()
        while name in self._used or keyword.iskeyword(name) or name in _RESERVED:
            name = draw()
        self._chosen[role] = name
        self._used.add(name)

    def _choose(self, role: str) -> None:
        rng = self._rng
        stem = role.rstrip("0123456789")
        number = role[len(stem) :]
        if stem in ("x", "xs"):
            self._take_pair(number)
        elif stem in ("a", "b"):
            self._take_letters(number)
        elif stem == "N":
            self._take(role, lambda: noun(rng))
        elif stem == "Ns":
            self._chosen[role] = plural(self["N" + number])
        elif stem == "C":
            self._take(role, lambda: "".join(w.capitalize() for w in self._class_words()))
        elif stem == "K":
            self._take(role, lambda: str(rng.choice((2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 50, 100))))
        else:
            ordinary = _ROLES.get(stem, "value")
            options = ordinary.split()
            self._take(role, lambda: rng.choice(options) if rng.random() < 0.65 else noun(rng))

    def _class_words(self) -> list[str]:
        return [noun(self._rng) for _ in range(1 if self._rng.random() < 0.7 else 2)]

    def _take_pair(self, number: str) -> None:
        rng = self._rng
        if rng.random() < 0.3:
            xs = rng.choice(
                ("items", "values", "numbers", "elements", "entries", "data", "seq", "things", "xs")
            )
            options = ("item", "value", "number", "element", "entry", "x", "n", "e", "v", "each", "current")
            x = (
                xs[:-1]
                if xs in ("items", "values", "numbers", "elements") and rng.random() < 0.6
                else rng.choice(options)
            )
        else:
            x = noun(rng)
            xs = plural(x) if rng.random() < 0.85 else f"{x}_list"
            if rng.random() < 0.15:
                x = x[0]
        if xs in self._used or x in self._used or x == xs or keyword.iskeyword(x) or {x, xs} & _RESERVED:
            self._take_pair(number)
            return
        self._chosen["xs" + number], self._chosen["x" + number] = xs, x
        self._used |= {xs, x}

    def _take_letters(self, number: str) -> None:
        rng = self._rng
        a, b = rng.choice(LETTERS).split() if rng.random() < 0.5 else (noun(rng), noun(rng))
        if a == b or {a, b} & (self._used | _RESERVED) or keyword.iskeyword(a) or keyword.iskeyword(b):
            self._take_letters(number)
            return
        self._chosen["a" + number], self._chosen["b" + number] = a, b
        self._used |= {a, b}


_RESERVED = {*dir(builtins), "self", "cls", "test", "pytest", "request"}
_ROLES = {
    "n": "n num number count size amount value k total limit",
    "s": "text s word name string line value sentence message title",
    "d": "data mapping table counts scores prices stock index d lookup",
    "k": "key k name word",
    "v": "value v count amount",
    "t": "total result acc out answer output res",
    "r": "result out res found kept chosen output",
    "i": "i index pos idx position",
    "best": "best top highest winner current largest",
    "lo": "low minimum start lower smallest begin",
    "hi": "high maximum end upper largest limit stop",
    "sep": "sep separator delimiter joiner",
    "m": "mean average avg middle mid",
}
