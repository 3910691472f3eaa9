"""Which endpoint the settings mean: its address, key, headers and provider."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from qwen_code.backends.providers import LOCAL, OTHER, PROVIDERS, Provider, provider_at, provider_named
from qwen_code.errors import ConfigurationError
from qwen_code.http import is_loopback
from qwen_code.settings.locations import Locations, find_home
from qwen_code.settings.model import ModelSettings

_HOW_TO_CONFIGURE = """Choose one of:
  an endpoint:   export OPENAI_BASE_URL=http://localhost:8080/v1 OPENAI_MODEL=NAME  (and OPENAI_API_KEY=KEY)
  a provider:    export OPENROUTER_API_KEY=KEY; qwen-code -m openrouter:qwen/qwen3-coder
  a local model: {local}
or write {{"model": {{"name": NAME, "baseUrl": URL}}}} to ~/.qwen/settings.json."""


def how_to_configure() -> str:
    """What to do where no model is configured; of local models, the one that suits this machine."""
    from qwen_code.local.first_choice import first_choice
    from qwen_code.local.library import ModelLibrary

    locations = Locations.of(cwd=Path.cwd(), home=find_home(os.environ), environ=os.environ)
    choice = first_choice(ModelLibrary(locations.models))
    local = "qwen-code -m PATH/TO/MODEL.gguf"
    if choice is not None and choice.here:
        local = f"qwen-code -m {choice.name}"
    elif choice is not None:
        local = f"qwen-code models pull, which gets {choice}; or {local}"
    return _HOW_TO_CONFIGURE.format(local=local)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go and what they carry."""

    base_url: str
    """Without a slash at its end; a query is kept apart."""
    provider: Provider
    model: str = ""
    """As the endpoint knows it; empty means the only one that it serves."""
    api_key: str = field(default="", repr=False)
    query: str = ""
    custom_headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def url(self, path: str) -> str:
        return f"{self.base_url}/{path}{self.query}"

    def root_url(self, path: str) -> str:
        """`path` beside the API's own prefix, for a server's native endpoints."""
        root = re.sub(r"/(api/)?v\d+(beta)?$", "", self.base_url)
        return f"{root}/{path}"

    @property
    def host(self) -> str:
        """With the port where one is given."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def is_local(self) -> bool:
        return _is_near(urlsplit(self.base_url).hostname or "")

    @property
    def key_variable(self) -> str:
        """The variable to name when the key is wrong."""
        return self.provider.key_env[0] if self.provider.key_env else "OPENAI_API_KEY"

    @property
    def headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        headers.update(self.provider.headers)
        if self.api_key:
            headers["authorization"] = f"Bearer {self.api_key}"
        headers.update({name.lower(): value for name, value in self.custom_headers.items()})
        return headers


def resolve_endpoint(model: ModelSettings, environ: Mapping[str, str] = os.environ) -> Endpoint | None:
    """The endpoint that `model` describes, or None when it describes none.

    A model name may begin with a provider's, as in `openrouter:qwen/qwen3-coder`. The provider's own variable
    (`OPENROUTER_API_KEY`) is read only when that provider is meant, so a key never goes to another host.

    Raises:
        ConfigurationError: the URL or the provider's name can't be used.
    """
    prefix, colon, rest = model.name.partition(":")
    named = provider_named(model.provider) if model.provider else None
    if model.provider and named is None:
        known = ", ".join(p.name for p in PROVIDERS)
        raise ConfigurationError(f"There is no provider named {model.provider!r}. Known ones: {known}.")
    name = model.name
    if colon and not model.base_url and (by_prefix := provider_named(prefix)) is not None:
        named, name = by_prefix, rest
    if not model.base_url and named is None:
        return None
    base_url, query = _normalised(model.base_url or (named.base_url if named else ""))
    host = urlsplit(base_url).hostname or ""
    provider = named or provider_at(host) or (LOCAL if _is_near(host) else OTHER)
    key = _key(model, provider, environ).strip()
    return Endpoint(base_url, provider, name, key, query, model.custom_headers)


def _key(model: ModelSettings, provider: Provider, environ: Mapping[str, str]) -> str:
    own = next((environ[name] for name in provider.key_env if environ.get(name)), "")
    general = bool(model.api_key) and model.api_key == environ.get("OPENAI_API_KEY")
    if not general or (model.base_url and model.base_url == environ.get("OPENAI_BASE_URL")):
        return model.api_key or own
    # OPENAI_API_KEY without a URL of its own may be OpenAI's, which no other provider should see.
    return own or (model.api_key if model.base_url else "")


def _normalised(url: str) -> tuple[str, str]:
    """`url` without the parts that people paste along, and its query."""
    text = url.strip()
    if "://" not in text:
        near = _is_near(re.split(r"[:/]", text, maxsplit=1)[0])
        text = f"{'http' if near else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        parts, valid = urlsplit(""), False
    if not valid or any(c.isspace() for c in text):
        raise ConfigurationError(
            f"The base URL {url!r} can't be used: OPENAI_BASE_URL or model.baseUrl must look like "
            "http://localhost:8080/v1."
        )
    path = re.sub(r"/(chat/)?completions/?$", "", parts.path.rstrip("/")).rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), query


def _is_near(host: str) -> bool:
    """True on this machine and its local network, where servers are slow and take any parameter."""
    if is_loopback(host) or host.endswith((".local", ".lan", ".internal")):
        return True
    if re.fullmatch(r"[\d.]+", host):
        return bool(re.match(r"10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.", host))
    return bool(host) and "." not in host and ":" not in host
