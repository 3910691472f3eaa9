"""Settles where requests go and which key they carry: a key goes only to the endpoint it was given for.

Endpoint and key can come from different layers, from the entry of `modelProviders` for the chosen model, or
from variables that were set for other programs. Taken one by one they would pair one service's key with
another's address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from qwen_code.settings.keys import BY_PATH
from qwen_code.settings.loaded import Assignment, ModelEntry
from qwen_code.settings.origin import OWN_PROCESS, Origin

_URL, _PROVIDER, _KEY = "model.base_url", "model.provider", "model.api_key"
_GENERIC_KEY = "OPENAI_API_KEY"


def settle(
    given: Sequence[Assignment],
    chosen: dict[str, Assignment],
    entry: ModelEntry | None,
    variable: Callable[[str], str | None],
) -> list[str]:
    """Make the endpoint's fields in `chosen` agree.

    Args:
        given: every assignment, weakest first; `chosen` has the strongest of each field.
        entry: what the person's files say of the chosen model.
        variable: looks up the person's variables.

    Returns:
        Sentences about what was left out.
    """
    problems: list[str] = []
    named = [a for a in given if a.key.field in (_URL, _PROVIDER) and a.value]
    endpoint = max(named, key=lambda a: a.origin.rank, default=None)
    if entry and (endpoint is None or endpoint.origin.rank < OWN_PROCESS):
        endpoint = _apply_entry(entry, chosen, variable, problems) or endpoint
    if endpoint is None:
        return problems
    for field in (_URL, _PROVIDER):  # the weaker of address and provider is not what was meant
        if field in chosen and chosen[field].origin.rank < endpoint.origin.rank:
            del chosen[field]
    key = chosen.get(_KEY)
    if key is None or not key.value:
        return problems
    layers = {a.origin.layer for a in named}
    if key.origin.rank < min(OWN_PROCESS, endpoint.origin.rank) and key.origin.layer in layers:
        problems.append(
            f"{key.origin}: the key is not used: it was given together with another endpoint than that of "
            f"{endpoint.origin}."
        )
        del chosen[_KEY]
    elif key.origin.place == _GENERIC_KEY and _other_provider(chosen):
        del chosen[_KEY]
    return problems


def _apply_entry(
    entry: ModelEntry,
    chosen: dict[str, Assignment],
    variable: Callable[[str], str | None],
    problems: list[str],
) -> Assignment | None:
    """Take address and key from the entry; gives the address if it has one."""
    address: Assignment | None = None
    if entry.base_url:
        address = chosen[_URL] = Assignment(BY_PATH["model.baseUrl"], entry.base_url, entry.origin)
        chosen.pop(_PROVIDER, None)
    explicit = (key := chosen.get(_KEY)) and key.origin.rank >= OWN_PROCESS and not _is_generic(key.origin)
    if entry.env_key and not explicit:
        chosen.pop(_KEY, None)
        if value := variable(entry.env_key):
            origin = Origin("environment", entry.env_key)
            chosen[_KEY] = Assignment(BY_PATH["model.apiKey"], value.strip(), origin)
        else:
            problems.append(
                f"{entry.origin}: {entry.env_key}, which holds the key of {entry.id}, is not set."
            )
    return address


def _is_generic(origin: Origin) -> bool:
    return origin.place == _GENERIC_KEY


def _other_provider(chosen: Mapping[str, Assignment]) -> bool:
    """Whether requests go to a provider by name that is not the one whose name the generic variable has."""
    provider = chosen.get(_PROVIDER)
    return provider is not None and provider.value not in ("", "openai") and _URL not in chosen
