"""Takes one settings file apart: values that fit their keys, variables, models, and what is unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

from qwen_code.errors import ConfigurationError
from qwen_code.settings.foreign import closest, foreign
from qwen_code.settings.jsonc import JsonError, Node, parse
from qwen_code.settings.key import Key, Reach
from qwen_code.settings.keys import BY_PATH, ENV_SECTION, PROVIDERS_SECTION, SECTIONS
from qwen_code.settings.loaded import Assignment, ModelEntry, UnknownKey
from qwen_code.settings.origin import Layer, Origin
from qwen_code.settings.reading import read_config
from qwen_code.settings.values import Unfit, show, unfit_sentence

_GENERATION = "model.generationConfig"
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))", re.ASCII)


@dataclass(slots=True)
class SettingsFile:
    """A parsed file; `variables` are read first, since the rest may refer to them."""

    path: Path
    layer: Layer
    root: Node
    unknown: list[UnknownKey] = field(default_factory=list[UnknownKey])
    problems: list[str] = field(default_factory=list[str])
    ignored: bool = False
    """True once something in an untrusted project's file was passed over."""

    @classmethod
    def read(cls, path: Path, layer: Layer) -> SettingsFile | None:
        """None when there is no such file.

        Raises:
            ConfigurationError: it is not JSON.
        """
        text = read_config(path)
        if text is None:
            return None
        try:
            root = parse(text)
        except JsonError as error:
            raise ConfigurationError(
                f"{path}:{error.line}: {error}. Correct it or remove the file."
            ) from None
        if not isinstance(root.value, dict):
            raise ConfigurationError(f"{path}:{root.line}: settings must be an object in braces.")
        return cls(path, layer, root)

    def variables(self) -> list[tuple[str, str, Origin]]:
        """The section `env`: name, value, origin."""
        section = self._members(self.root).get(ENV_SECTION)
        found: list[tuple[str, str, Origin]] = []
        for name, node in self._members(section, ENV_SECTION).items():
            if isinstance(node.value, (dict, list)) or node.value is None:
                self._fail(node, f"`{ENV_SECTION}.{name}` must be text, not {show(node.plain())}")
            value = node.value if isinstance(node.value, str) else show(node.value)
            found.append((name, value, self._origin(node)))
        return found

    def assignments(self, expand: Callable[[str], str | None], *, trusted: bool) -> list[Assignment]:
        """Every value that counts, in the file's order.

        Args:
            expand: gives the value of a variable, for `$NAME` in text.
            trusted: for a project's file: whether the person trusts the project.

        Raises:
            ConfigurationError: a value does not fit its key.
        """
        found: list[Assignment] = []
        self._walk(self.root, "", found, expand, trusted)
        return found

    def models(self, expand: Callable[[str], str | None]) -> list[ModelEntry]:
        """The entries of `modelProviders`; none from a project, which never names an endpoint.

        Raises:
            ConfigurationError: an entry is not one.
        """
        section = self._members(self.root).get(PROVIDERS_SECTION)
        if section is not None and self.layer == "project":
            self._refuse(PROVIDERS_SECTION, section)
            return []
        entries: list[ModelEntry] = []
        for protocol, node in self._members(section, PROVIDERS_SECTION).items():
            if not isinstance(node.value, list):
                self._fail(node, f"`{PROVIDERS_SECTION}.{protocol}` must be a list of models")
            if protocol == "openai":  # the others are Qwen Code's; their entries have other fields
                entries += [self._entry(item, protocol, expand) for item in node.value]
        return entries

    def _entry(self, node: Node, protocol: str, expand: Callable[[str], str | None]) -> ModelEntry:
        path = f"{PROVIDERS_SECTION}.{protocol}[]"
        members = self._members(node, path)
        texts: dict[str, str] = {}
        for name, key in (("id", "model.name"), ("name", ""), ("baseUrl", "model.baseUrl"), ("envKey", "")):
            item = members.get(name)
            if item is None or item.value is None:
                texts[name] = ""
            elif not isinstance(item.value, str):
                self._fail(item, f"`{path}.{name}` must be text, not {show(item.plain())}")
            elif key:
                (given,) = self._fitted(BY_PATH[key], item, expand, f"{path}.{name}") or ("",)
                texts[name] = str(given)
            else:
                texts[name] = item.value
        if not texts["id"]:
            self._fail(node, f"a model in `{path}` has no `id`; add the name that the endpoint knows it by")
        found: list[Assignment] = []
        if (config := members.get("generationConfig")) is not None:
            self._walk(config, _GENERATION, found, expand, True)
        return ModelEntry(
            texts["id"],
            protocol,
            texts["name"] or texts["id"],
            texts["baseUrl"],
            texts["envKey"],
            tuple(found),
            self._origin(node),
        )

    def _walk(
        self,
        node: Node,
        path: str,
        found: list[Assignment],
        expand: Callable[[str], str | None],
        trusted: bool,
    ) -> None:
        for name, child in self._members(node, path).items():
            child_path = f"{path}.{name}" if path else name
            if key := BY_PATH.get(child_path):
                if child.value is not None and self._may(key, child, trusted):
                    found += self._assignment(key, child, expand)
            elif child_path in SECTIONS:
                self._walk(child, child_path, found, expand, trusted)
            elif child_path not in (ENV_SECTION, PROVIDERS_SECTION, "$version", "$schema"):
                self._note_unknown(child_path, child)

    def _assignment(self, key: Key, node: Node, expand: Callable[[str], str | None]) -> list[Assignment]:
        given = self._fitted(key, node, expand, key.path)
        if self.layer == "project" and any(map(key.refused_to_project, given)):
            self._refuse(key.path, node)
            return []
        return [Assignment(key, value, self._origin(node)) for value in given]

    def _may(self, key: Key, node: Node, trusted: bool) -> bool:
        """Whether this file may set `key` at all; says so when it may not."""
        if self.layer != "project":
            return True
        if not trusted and key.reach is not Reach.NARROWING:
            self.ignored = True
            return False
        if key.reach is Reach.NONE:
            self._refuse(key.path, node)
            return False
        return True

    def _refuse(self, path: str, node: Node) -> None:
        what = (
            f"`{path}`" if path not in BY_PATH or BY_PATH[path].secret else f"`{path}` {show(node.plain())}"
        )
        self.problems.append(
            f"{self._origin(node)}: {what} is ignored: a project's files can't set that. "
            "Move it to your own settings."
        )

    def _fitted(
        self, key: Key, node: Node, expand: Callable[[str], str | None], path: str
    ) -> tuple[object] | tuple[()]:
        """The value in its field's type; nothing when it names a variable that is not set."""
        raw: object = node.plain()
        if key.expand and self.layer != "project":
            missing: list[str] = []
            raw = _expanded(raw, expand, missing)
            if missing:
                self.problems.append(
                    f"{self._origin(node)}: `{path}` is ignored: the variable {missing[0]} is not set."
                )
                return ()
        try:
            return (key.kind.read(raw),)
        except Unfit as error:
            self._fail(node, unfit_sentence(path, key.kind, raw, error, secret=key.secret))

    def _note_unknown(self, path: str, node: Node) -> None:
        known = foreign(path)
        suggestion = closest(path, strict=known)
        self.unknown.append(UnknownKey(path, self._origin(node), suggestion, known and not suggestion))

    def _members(self, node: Node | None, path: str = "") -> Mapping[str, Node]:
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, dict):
            self._fail(node, f"`{path}` must be an object in braces, not {show(node.plain())}")
        return node.value

    def _origin(self, node: Node) -> Origin:
        return Origin(self.layer, str(self.path), node.line)

    def _fail(self, node: Node, message: str) -> NoReturn:
        raise ConfigurationError(f"{self._origin(node)}: {message}. Correct or remove it.")


def _expanded(value: Any, expand: Callable[[str], str | None], missing: list[str]) -> Any:
    """`value` with `$NAME` and `${NAME}` replaced in all its texts; `missing` gets names without value."""

    def replace(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        text = expand(name)
        if text is None:
            missing.append(name)
        return text or ""

    if isinstance(value, str):
        return _VARIABLE.sub(replace, value)
    if isinstance(value, list):
        return [_expanded(item, expand, missing) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: _expanded(item, expand, missing) for name, item in members.items()}
    return value
