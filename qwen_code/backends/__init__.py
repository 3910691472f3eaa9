"""Models behind one protocol: remote endpoints, the embedded runtime, and scripts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from qwen_code.errors import ConfigurationError
from qwen_code.local.bundled import is_bundled

if TYPE_CHECKING:
    from qwen_code.backends.base import Host, ModelBackend
    from qwen_code.settings.model import Settings

SCRIPTED = "scripted:"


def open_backend(
    settings: Settings, environ: Mapping[str, str] = os.environ, host: Host | None = None
) -> ModelBackend:
    """The model that the settings name. Nothing is loaded or asked yet, except a script, which is read.

    Args:
        settings: `model.name` is `scripted:FILE`, a GGUF (a path, or `hf:OWNER/REPO:FILE`), `mini`, or a name
            that the configured endpoint knows; without an endpoint, a name in the catalog of local models.
        environ: where providers' keys are looked up.
        host: what a model in this process needs from the program around it.

    Raises:
        ConfigurationError: no model is configured, or it can't be used as configured.
    """
    name = settings.model.name.strip()
    if name.startswith(SCRIPTED):
        from pathlib import Path

        from qwen_code.backends.scripted import ScriptedBackend

        return ScriptedBackend.from_file(Path(name.removeprefix(SCRIPTED)).expanduser())
    if name.lower().endswith(".gguf") or name.startswith("hf:") or is_bundled(name):
        return _open_local(settings, host)
    from qwen_code.backends.endpoint import how_to_configure, resolve_endpoint

    endpoint = resolve_endpoint(settings.model, environ)
    if endpoint is not None:
        from qwen_code.backends.openai_compatible import OpenAICompatible

        return OpenAICompatible(endpoint, settings.model, proxy=settings.proxy, ca_file=settings.ca_file)
    if name and _has_runtime():
        return _open_local(settings, host)
    problem = (
        f"The model {name} needs an endpoint, and none is configured." if name else "No model is configured."
    )
    raise ConfigurationError(f"{problem} {how_to_configure()}")


def is_configured(settings: Settings, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the settings name a model or an endpoint at all.

    Raises:
        ConfigurationError: they name one that can't be.
    """
    if settings.model.name.strip():
        return True
    from qwen_code.backends.endpoint import resolve_endpoint

    return resolve_endpoint(settings.model, environ) is not None


def _has_runtime() -> bool:
    from importlib.util import find_spec

    return find_spec("qwen_code.backends.llama_cpp") is not None


def _open_local(settings: Settings, host: Host | None) -> ModelBackend:
    """The embedded model, from the one module that knows how."""
    if not _has_runtime():
        raise ConfigurationError(
            f"{settings.model.name} is a local model, and this version has no embedded runtime. Serve it "
            "with `llama-server -m MODEL.gguf --jinja` and set OPENAI_BASE_URL=http://localhost:8080/v1."
        )
    from importlib import import_module

    backend: ModelBackend = import_module("qwen_code.backends.llama_cpp").open_local(settings, host)
    return backend
