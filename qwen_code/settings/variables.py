"""The environment as settings see it: the process's own, below it `.env` files and `env` sections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from qwen_code.errors import ConfigurationError
from qwen_code.settings.key import Key, Reach
from qwen_code.settings.keys import KEYS
from qwen_code.settings.loaded import Assignment, UnknownKey
from qwen_code.settings.origin import Origin
from qwen_code.settings.reading import read_config
from qwen_code.settings.values import Unfit, unfit_sentence

PREFIX = "QWEN_CODE_"
_NOT_SETTINGS = frozenset({"QWEN_CODE_SYSTEM_SETTINGS_PATH", "QWEN_CODE_SYSTEM_DEFAULTS_PATH"})


class Variables:
    """Looks names up: the process's environment wins over files. An empty value counts as not set.

    A project's files may set nothing but those `QWEN_CODE_*` variables whose setting a project may set:
    its `.env` is made for the program that it holds, whose endpoint and keys are not ours to use.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._person: dict[str, tuple[str, Origin]] = {}
        self._project: dict[str, tuple[str, Origin]] = {}

    def add(self, entries: Iterable[tuple[str, str, Origin]]) -> None:
        """Take the person's entries; they replace those added before."""
        for name, value, origin in entries:
            self._person[name] = (value, origin)

    def add_project(self, entries: Iterable[tuple[str, str, Origin]]) -> None:
        """Take a trusted project's entries, as far as it may set them."""
        allowed = {key.variable for key in KEYS if key.reach is not Reach.NONE}
        for name, value, origin in entries:
            if name in allowed:
                self._project[name] = (value, origin)

    def get(self, name: str) -> str | None:
        """The person's value of `name`, never a project's."""
        return self._environ.get(name) or self._person.get(name, ("",))[0] or None

    def merged(self) -> dict[str, str]:
        """All that `get` knows."""
        return {name: value for name, (value, _) in self._person.items()} | dict(self._environ)

    def assignments(self) -> tuple[list[Assignment], list[str]]:
        """What variables say of settings, and sentences about what a project may not say.

        Raises:
            ConfigurationError: a value does not fit its setting.
        """
        found: list[Assignment] = []
        problems: list[str] = []
        for key in KEYS:
            for name, text, origin, project in self._given(key):
                value = _fit(key, name, text, origin)
                if project and key.refused_to_project(value):
                    problems.append(f"{origin}: {name} is ignored: a project's files can't set that.")
                    continue
                found.append(Assignment(key, value, origin))
                break
        return found, problems

    def _given(self, key: Key) -> Iterator[tuple[str, str, Origin, bool]]:
        """The variables that are set for `key`, strongest first, and whether a project set them."""
        for name in (key.variable, *key.variables):
            if text := self._environ.get(name):
                yield name, text, Origin("environment", name), False
            for entries in (self._project, self._person):
                if (entry := entries.get(name)) and entry[0]:
                    yield name, *entry, entries is self._project

    def unknown(self) -> list[UnknownKey]:
        """Variables that look like settings and are none."""
        known = {key.variable for key in KEYS} | _NOT_SETTINGS
        names = sorted(name for name in self._environ if name.startswith(PREFIX) and name not in known)
        if not names:
            return []
        from difflib import get_close_matches

        close = [(get_close_matches(name[:100], known, n=1, cutoff=0.7) or [""])[0] for name in names]
        return [UnknownKey(n, Origin("environment", n), c) for n, c in zip(names, close, strict=True)]


def _fit(key: Key, name: str, text: str, origin: Origin) -> object:
    try:
        return key.kind.read(key.kind.from_text(text))
    except Unfit as error:
        sentence = unfit_sentence(key.path, key.kind, text, error, secret=key.secret)
        raise ConfigurationError(f"{origin}: {sentence}. Correct or unset {name}.") from None


def read_env_files(paths: Iterable[Path], problems: list[str]) -> list[tuple[str, str, Origin]]:
    """The entries of `.env` files, those of the strongest last; `paths` has the strongest first.

    These files serve other programs as well, so what can't be read is a problem to tell, not to stop at.
    """
    found: list[tuple[str, str, Origin]] = []
    for path in reversed(list(paths)):
        try:
            text = read_config(path)
        except ConfigurationError as error:
            problems.append(str(error))
            continue
        if text is None:
            continue
        from qwen_code.settings.env_files import parse_env

        entries, strange = parse_env(text)
        found += [(e.name, e.value, Origin("env-file", str(path), e.line)) for e in entries]
        problems += [f"{path}:{line}: this line is not NAME=value and is ignored." for line in strange[:3]]
    return found
