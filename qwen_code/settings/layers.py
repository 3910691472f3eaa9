"""Joins all sources of settings into one `Settings`, and remembers where each value came from.

From weak to strong: defaults, system defaults file, user file, project file, system file, `.env` files,
environment, flags. A project's files count only as far as `Reach` in `keys.py` lets them, and never decide
where requests go or which key they carry.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from qwen_code.errors import UsageError
from qwen_code.settings.endpoint import settle
from qwen_code.settings.keys import BY_PATH
from qwen_code.settings.loaded import Assignment, LoadedSettings, ModelEntry, UnknownKey
from qwen_code.settings.locations import Locations
from qwen_code.settings.model import Settings
from qwen_code.settings.origin import FLAG, Layer
from qwen_code.settings.values import Unfit, unfit_sentence
from qwen_code.settings.variables import Variables, read_env_files

if TYPE_CHECKING:
    from qwen_code.settings.settings_file import SettingsFile


def load_settings(
    *, cwd: Path, home: Path, environ: Mapping[str, str], flags: Mapping[str, object], trusted: bool
) -> LoadedSettings:
    """Everything that configures one run in `cwd`.

    Args:
        home: the person's home directory; `locations.find_home` knows it.
        environ: the process's environment.
        flags: what the command line says, by the names and in the units of the files, e.g.
            `{"model.maxWallTimeSeconds": 600}`; None stands for a flag that was not given.
        trusted: whether the person trusts this project's own settings.

    Raises:
        ConfigurationError: a file or variable is wrong; the sentence names place, setting and remedy.
        UsageError: a flag is wrong.
    """
    at = Locations.of(cwd=cwd, home=home, environ=environ)
    problems: list[str] = []
    files = _read_files(at)
    variables = _read_variables(at, environ, files, problems, trusted)
    from_files: list[Assignment] = []
    models: list[ModelEntry] = []
    for file in files:
        from_files += file.assignments(variables.get, trusted=trusted)
        models = file.models(variables.get) + models
    from_variables, refused = variables.assignments()
    stronger = from_variables + _from_flags(flags)
    entry = _entry_of(_strongest(from_files + stronger), models)
    given = from_files + list(entry.assignments if entry else ()) + stronger
    chosen = _strongest(given)
    problems += refused + settle(given, chosen, entry, variables.get)
    unknown: list[UnknownKey] = variables.unknown()
    for file in files:
        unknown += file.unknown
        problems += file.problems
        if file.ignored:
            problems.append(
                f"{file.path} is not obeyed, but for what it forbids: this folder is not trusted. "
                "Trust it with --trust, or once and for all in the REPL."
            )
    items = _joined(given)
    values = {field: assignment.value for field, assignment in chosen.items()}
    values |= {field: _union(assignments) for field, assignments in items.items()}
    _expand_home(values, home)
    return LoadedSettings(
        settings=_build(Settings, values),
        origins={field: assignment.origin for field, assignment in chosen.items()},
        items={field: tuple(assignments) for field, assignments in items.items()},
        unknown=tuple(unknown),
        problems=tuple(problems),
        models=tuple(models),
        variables=variables.merged(),
    )


def _read_files(at: Locations) -> list[SettingsFile]:
    """The settings files that exist, weakest first."""
    paths: list[tuple[Path, Layer]] = [(at.system_defaults, "system-defaults"), (at.user_settings, "user")]
    if at.project_settings != at.user_settings:
        paths.append((at.project_settings, "project"))
    paths.append((at.system_settings, "system"))
    files: list[SettingsFile] = []
    for path, layer in paths:
        if os.path.lexists(path):
            from qwen_code.settings.settings_file import SettingsFile

            file = SettingsFile.read(path, layer)
            files += [file] if file else []
    return files


def _read_variables(
    at: Locations,
    environ: Mapping[str, str],
    files: Sequence[SettingsFile],
    problems: list[str],
    trusted: bool,
) -> Variables:
    variables = Variables(environ)
    for file in files:
        if file.layer != "project":
            variables.add(file.variables())
        elif trusted:
            variables.add_project(file.variables())
    variables.add(read_env_files(at.user_env_files, problems))
    if trusted:
        variables.add_project(read_env_files(at.project_env_files, problems))
    return variables


def _from_flags(flags: Mapping[str, object]) -> list[Assignment]:
    found: list[Assignment] = []
    for path, value in flags.items():
        if value is None:
            continue
        key = BY_PATH.get(path)
        if key is None:
            from qwen_code.settings.foreign import closest

            hint = f" Did you mean `{name}`?" if (name := closest(path)) else ""
            raise UsageError(f"There is no setting `{path}`.{hint}")
        try:
            found.append(Assignment(key, key.kind.read(value), FLAG))
        except Unfit as error:
            sentence = unfit_sentence(path, key.kind, value, error, secret=key.secret)
            raise UsageError(f"On the command line {sentence}.") from None
    return found


def _strongest(given: Sequence[Assignment]) -> dict[str, Assignment]:
    """The last assignment of each field."""
    return {assignment.key.field: assignment for assignment in given}


def _joined(given: Sequence[Assignment]) -> dict[str, list[Assignment]]:
    """All assignments of the fields whose layers add up."""
    items: dict[str, list[Assignment]] = {}
    for assignment in given:
        if assignment.key.join:
            items.setdefault(assignment.key.field, []).append(assignment)
    return items


def _union(assignments: Sequence[Assignment]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for assignment in assignments for text in assignment.texts))


def _entry_of(chosen: Mapping[str, Assignment], models: Sequence[ModelEntry]) -> ModelEntry | None:
    name = chosen["model.name"].value if "model.name" in chosen else ""
    return next((model for model in models if model.id == name), None)


def _expand_home(values: dict[str, object], home: Path) -> None:
    """`~/` at the start of a path from a file or variable, where no shell has replaced it."""

    def expanded(text: str) -> str:
        return str(home / text[2:]) if text.startswith("~/") else text

    if isinstance(path := values.get("ca_file"), str):
        values["ca_file"] = expanded(path)
    if isinstance(paths := values.get("context.include_directories"), tuple):
        values["context.include_directories"] = tuple(map(expanded, cast("tuple[str, ...]", paths)))


def _build(section: type[Any], values: Mapping[str, object], prefix: str = "") -> Any:
    """`section` with `values` in its fields; nested sections by their dotted names."""
    given: dict[str, Any] = {}
    for field in dataclasses.fields(section):
        path = prefix + field.name
        if path in values:
            given[field.name] = values[path]
        elif any(name.startswith(path + ".") for name in values):
            nested = field.default_factory
            assert isinstance(nested, type)
            given[field.name] = _build(nested, values, path + ".")
    return section(**given)
