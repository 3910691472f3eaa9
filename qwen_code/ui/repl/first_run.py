"""The first start: no model is set up, so three questions at most, and the answer is kept.

A model that runs in this process and fits this machine, an endpoint that is tested while one waits, or the
small model that comes along. Esc goes one step back; Esc at the first question leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from qwen_code.errors import ConfigurationError, EndpointMisconfigured, QwenCodeError
from qwen_code.local.bundled import NAME, bundled_model
from qwen_code.settings.model import ModelSettings
from qwen_code.ui.repl.banner import shown_path
from qwen_code.ui.repl.download_panel import download
from qwen_code.ui.repl.model_choices import (
    has_runtime,
    library_of,
    likely_first,
    models_here,
)
from qwen_code.ui.repl.panel import Choice, Picker, TextPanel
from qwen_code.ui.repl.port import FirstRunPlace
from qwen_code.ui.repl.questions import Ask
from qwen_code.ui.terminal_text import shown_line
from qwen_code.ui.transfer import size

if TYPE_CHECKING:
    from qwen_code.backends.endpoint import Endpoint
    from qwen_code.backends.providers import Provider

INSTALL_LOCAL = "Models in this process need llama.cpp: pip install 'qwen-code[local]', then start again."
OWN_SERVER = "http://localhost:8080/v1"
_OFFERED = (
    "openrouter",
    "dashscope",
    "dashscope-cn",
    "openai",
    "together",
    "fireworks",
    "deepinfra",
    "modelscope",
)


Tell: TypeAlias = "Callable[[str, Literal['dim', 'ok', 'error']], None]"
"""Says a sentence on the screen."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is written: settings by key, and variables for the person's `.env` file."""

    settings: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


class FirstRun:
    """One conversation about which model answers."""

    def __init__(self, place: FirstRunPlace, ask: Ask, tell: Tell, refresh: Callable[[], None]) -> None:
        """`refresh` draws what a panel shows anew."""
        self._place = place
        self._ask = ask
        self._tell = tell
        self._refresh = refresh

    async def run(self) -> bool:
        """Until a model is set up and kept, or the person leaves (False)."""
        choices = await asyncio.to_thread(self._ways)
        while True:
            way = await self._ask(Picker("No model is set up yet. Which one should answer?", choices))
            if way is None:
                return False
            try:
                decision = await way()
            except QwenCodeError as error:
                self._tell(str(error), "error")
                continue
            if decision is not None:
                self._keep(decision)
                return True

    def _ways(self) -> list[Choice[_Way]]:
        """The three ways, and the models that are here already."""
        endpoint: Choice[_Way] = Choice(
            self._endpoint, "An endpoint", "a server of yours, OpenRouter, DashScope …"
        )
        ways = [*self._local_ways(), endpoint]
        if bundled_model() is not None:
            note = "tiny and already here: shows how it works, no more"
            way = _chosen(NAME) if has_runtime() else _refused(INSTALL_LOCAL)
            ways.append(Choice(way, "The demonstration model", note))
        return ways

    def _local_ways(self) -> list[Choice[_Way]]:
        """What is downloaded; where nothing is, what suits this machine."""
        from qwen_code.local.first_choice import first_choice

        library = library_of(self._place.locations)
        here = models_here(self._place.locations)
        if here and has_runtime():
            return [Choice(_chosen(choice.name), choice.name, choice.note) for choice in here]
        found = first_choice(library)
        if found is None:
            reason = "Nothing of the catalog fits this machine; `qwen-code models fit` shows why."
            return [Choice(_refused(reason), "A model in this process", "nothing fits this machine")]
        text = f"{found.name} in this process"
        if not has_runtime():
            return [Choice(_refused(INSTALL_LOCAL), text, "needs llama.cpp: pip install 'qwen-code[local]'")]

        async def pull() -> Decision | None:
            arrived = await download(found.name, library, self._ask, self._refresh)
            return Decision({"model.name": found.name}) if arrived else None

        return [Choice(pull, text, f"{size(found.file_bytes)} to download; {found.why}")]

    async def _endpoint(self) -> Decision | None:
        from qwen_code.backends.providers import PROVIDERS

        variables = self._place.loaded.variables
        choices = [Choice(self._own_server, "A server of yours", "llama-server, vLLM, Ollama, LM Studio …")]
        for provider in PROVIDERS:
            if provider.name in _OFFERED:
                way = partial(self._provider, provider)
                choices.append(Choice(way, provider.title, _key_note(provider, variables)))
        way = await self._ask(Picker("Where is it?", choices))
        return await way() if way is not None else None

    async def _own_server(self) -> Decision | None:
        url = OWN_SERVER
        while (given := await self._ask(TextPanel("Its address:", "URL > ", url))) is not None:
            url = given.strip() or OWN_SERVER
            model = ModelSettings(base_url=url)
            if (found := await self._models(model, "OPENAI_API_KEY")) is not None:
                names, key = found
                name = await self._name(names)
                if name is not None:
                    variables = {"OPENAI_API_KEY": key} if key else {}
                    return Decision({"model.baseUrl": url, "model.name": name}, variables)
        return None

    async def _provider(self, provider: Provider) -> Decision | None:
        variable = provider.key_env[0]
        model = ModelSettings(provider=provider.name)
        if (found := await self._models(model, variable)) is None:
            return None
        names, key = found
        name = await self._name(names)
        if name is None:
            return None
        variables = {variable: key} if key else {}
        return Decision({"model.provider": provider.name, "model.name": name}, variables)

    async def _models(self, model: ModelSettings, variable: str) -> tuple[Sequence[str], str] | None:
        """The models of an endpoint that answers, and the key that was typed for it; None: given up."""
        from qwen_code.backends.checkup import list_models
        from qwen_code.backends.endpoint import resolve_endpoint

        settings, key = self._place.loaded.settings, ""
        while True:
            endpoint = resolve_endpoint(replace(model, api_key=key), self._place.loaded.variables)
            assert endpoint is not None
            if not endpoint.api_key and not endpoint.is_local:
                key = await self._key(endpoint, variable)
                if not key:
                    return None
                continue
            self._tell(f"Asking {endpoint.host} …", "dim")
            try:
                names = await list_models(endpoint, proxy=settings.proxy, ca_file=settings.ca_file)
            except EndpointMisconfigured as error:
                self._tell(str(error), "error")
                key = await self._key(endpoint, variable)
                if not key:
                    return None
            except QwenCodeError as error:
                self._tell(str(error), "error")
                return None
            else:
                self._tell(f"{endpoint.host} answers and has {len(names) or 'no list of its'} models.", "ok")
                return names, key

    async def _key(self, endpoint: Endpoint, variable: str) -> str:
        title = f"The key for {endpoint.host}; it is kept as {variable} in ~/.qwen/.env:"
        return (await self._ask(TextPanel(title, "key > ", secret=True)) or "").strip()

    async def _name(self, names: Sequence[str]) -> str | None:
        if len(names) == 1:
            return names[0]
        if not names:
            name = await self._ask(TextPanel("The model, as the endpoint calls it:", "model > "))
            return (name or "").strip() or None
        choices = [Choice(name, shown_line(name)) for name in likely_first(names)]
        return await self._ask(Picker("Which of its models?", choices))

    def _keep(self, decision: Decision) -> None:
        from qwen_code.settings.edit import edit_setting
        from qwen_code.settings.env_files import save_variable

        locations = self._place.locations
        for name, value in decision.variables.items():
            save_variable(locations.config / ".env", name, value)
        for key, value in decision.settings.items():
            edit_setting(locations.user_settings, key, value)
        path = shown_path(locations.user_settings, locations.home)
        self._tell(f"Kept in {path}; /model and /settings change it.", "ok")


_Way: TypeAlias = "Callable[[], Coroutine[Any, Any, Decision | None]]"


def _chosen(name: str) -> _Way:
    async def decide() -> Decision:
        return Decision({"model.name": name})

    return decide


def _refused(reason: str) -> _Way:
    async def refuse() -> Decision:
        raise ConfigurationError(reason)

    return refuse


def _key_note(provider: Provider, variables: Mapping[str, str]) -> str:
    there = next((name for name in provider.key_env if variables.get(name)), "")
    return f"its key is in ${there}" if there else "needs a key"
