"""Saves rules that a person approved for good."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qwen_code.permissions.rules import Effect, parse_rule


def add_rules(path: Path, effect: Effect, rules: Sequence[str]) -> tuple[str, ...]:
    """Add rules to `permissions.<effect>` in a settings file, and say which were new.

    Comments, unknown keys and what other sessions add at the same time stay.

    Raises:
        RuleError: a rule can't be understood; then none is saved.
        ConfigurationError: the file is not valid or can't be written; it is as it was.
    """
    from qwen_code.settings.edit import update_setting

    for rule in rules:
        parse_rule(rule)
    added: list[str] = []

    def extended(present: Any) -> list[str]:
        kept: list[str] = list(present or ())
        added[:] = [rule for rule in dict.fromkeys(rules) if rule not in kept]
        return [*kept, *added]

    update_setting(path, f"permissions.{effect}", extended)
    return tuple(added)
