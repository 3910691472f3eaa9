"""Which models could answer here: downloaded, offered by settings or by an endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwen_code.errors import QwenCodeError

if TYPE_CHECKING:
    from qwen_code.local.library import ModelLibrary
    from qwen_code.settings.loaded import LoadedSettings
    from qwen_code.settings.locations import Locations
    from qwen_code.settings.model import Settings


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model by the name that `-m` takes, and what to say of it."""

    name: str
    note: str


def library_of(locations: Locations) -> ModelLibrary:
    from qwen_code.local.library import ModelLibrary

    return ModelLibrary(locations.runtime / "models")


def has_runtime() -> bool:
    """Whether a model can run in this process."""
    from importlib.util import find_spec

    return find_spec("llama_cpp") is not None


def models_here(locations: Locations) -> list[ModelChoice]:
    """Models that were downloaded. The one that comes along is not among them: it understands none but its
    own system prompt, which a session has from its start or never."""
    from qwen_code.local.fit import GIB
    from qwen_code.local.library import described

    here = described(library_of(locations))
    return [ModelChoice(name, f"in this process, {size / GIB:.1f} GiB") for name, size in here]


def models_of_settings(loaded: LoadedSettings) -> list[ModelChoice]:
    """What the person's files offer under `modelProviders`."""
    return [ModelChoice(entry.id, entry.base_url or entry.protocol) for entry in loaded.models]


async def models_served(settings: Settings, variables: Mapping[str, str]) -> list[ModelChoice]:
    """What the configured endpoint lists, in the order of `likely_first`; nothing where there is none, or
    where it does not answer."""
    from qwen_code.backends.checkup import list_models
    from qwen_code.backends.endpoint import resolve_endpoint

    endpoint = resolve_endpoint(settings.model, variables)
    if endpoint is None:
        return []
    try:
        names = await list_models(endpoint, proxy=settings.proxy, ca_file=settings.ca_file)
    except QwenCodeError:
        return []
    by_prefix = not settings.model.base_url and not settings.model.provider
    prefix = f"{endpoint.provider.name}:" if by_prefix else ""
    return [ModelChoice(prefix + name, f"at {endpoint.host}") for name in likely_first(names)]


def likely_first(names: Sequence[str]) -> list[str]:
    """Qwen's coding models, then its others, then the rest, each by name."""

    def rank(name: str) -> tuple[int, str]:
        lowered = name.lower()
        return (0 if "coder" in lowered and "qwen" in lowered else 1 if "qwen" in lowered else 2, lowered)

    return sorted(names, key=rank)


async def all_choices(settings: Settings, loaded: LoadedSettings, locations: Locations) -> list[ModelChoice]:
    """Everything above, each name once."""
    here, served = await asyncio.gather(
        asyncio.to_thread(models_here, locations), models_served(settings, loaded.variables)
    )
    found = {choice.name: choice for choice in [*models_of_settings(loaded), *served, *here]}
    return list(found.values())
