"""Asks an endpoint what is wrong with its configuration, once something is."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from qwen_code.backends.attempt import UnknownModel
from qwen_code.backends.endpoint import Endpoint
from qwen_code.backends.server_info import ServerInfo
from qwen_code.errors import EndpointMisconfigured

MAX_NAMES = 8


async def explained(
    error: EndpointMisconfigured, endpoint: Endpoint, model: str, server: ServerInfo
) -> EndpointMisconfigured:
    """`error` with what the endpoint can say about it: the models it has, or the right address."""
    if isinstance(error, UnknownModel):
        names = await server.model_names()
        if not names or model in names:
            return error
        similar = _similar(model, names)
        offer = f"Did you mean {_listed(similar)}?" if similar else f"It has: {_listed(names)}."
        return EndpointMisconfigured(
            f"{endpoint.host} has no model named {model}. {offer} Choose one with -m."
        )
    parts = urlsplit(endpoint.base_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    bases = [] if parts.path.endswith("/v1") else [f"{endpoint.base_url}/v1"]
    bases += [origin + path for path in ("/v1", "/api/v1", "/compatible-mode/v1")]
    for base_url in dict.fromkeys(bases):
        if base_url != endpoint.base_url and await server.is_api(base_url):
            return EndpointMisconfigured(
                f"{endpoint.base_url} is not an OpenAI-compatible endpoint; did you mean {base_url}? Set it "
                "as OPENAI_BASE_URL or model.baseUrl."
            )
    return error


async def only_model(endpoint: Endpoint, server: ServerInfo) -> str:
    """The model to use where none was named: the only one that the endpoint serves.

    Raises:
        EndpointMisconfigured: there are several.
    """
    names = await server.model_names()
    if len(names) == 1:
        return names[0]
    if names:
        raise EndpointMisconfigured(
            f"No model is named, and {endpoint.host} has {len(names)}: {_listed(names)}. Choose one with "
            "-m or OPENAI_MODEL."
        )
    # Most servers that list nothing serve one model under any name; if not, the request itself tells.
    return "default"


def _similar(model: str, names: list[str]) -> list[str]:
    """Names that `model` may stand for, the closest first."""
    import difflib

    by_tail = {_plain(name): name for name in names}
    wanted = _plain(model)
    close = difflib.get_close_matches(wanted, by_tail, n=MAX_NAMES, cutoff=0.6)
    containing = [tail for tail in by_tail if wanted and (wanted in tail or tail in wanted)]
    return [by_tail[tail] for tail in dict.fromkeys([*close, *containing])][:MAX_NAMES]


def _plain(name: str) -> str:
    """`qwen/qwen3-coder:free` and `Qwen3-Coder` are the same name to a person."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower().rpartition("/")[2])


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:MAX_NAMES])
    return f"{shown} and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else shown
