"""`qwen-code serve`: a model in this process as an endpoint for editors and other programs."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qwen_code.assembly import find_place
from qwen_code.backends.base import Host
from qwen_code.errors import UsageError

if TYPE_CHECKING:
    from socket import socket

    from qwen_code.backends.llama_cpp import LlamaCppBackend

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

TOKEN_VARIABLE = "QWEN_CODE_SERVE_TOKEN"
DEFAULT_PORT = 8765


@app.command()
def serve(
    model: Annotated[
        str, typer.Option("--model", "-m", help="A GGUF file, a name of the catalog, or hf:OWNER/REPO:FILE.")
    ] = "",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")
    ] = DEFAULT_PORT,
) -> None:
    """Serve a local model on 127.0.0.1 to whoever knows the token; Ctrl+C ends it.

    The token is that in QWEN_CODE_SERVE_TOKEN, else a new one, which is printed.
    """
    place = find_place(Path.cwd(), os.environ, {"model.name": model} if model else {})
    if not place.settings.model.name:
        raise UsageError("Name the model to serve: -m MODEL. `qwen-code models list` shows what there is.")
    from qwen_code.backends.llama_cpp import open_local
    from qwen_code.serving.server import library, listen

    library()
    backend = open_local(place.settings, Host(warn=_say))
    with listen(port) as listening:
        asyncio.run(_serve(backend, listening, place.settings.model.name))


async def _serve(backend: LlamaCppBackend, listening: socket, asked_for: str) -> None:
    from qwen_code.serving.server import serve
    from qwen_code.serving.service import Service

    token = os.environ.get(TOKEN_VARIABLE, "") or secrets.token_urlsafe(24)
    _say(f"loading {backend.name} ...")
    try:
        window = await backend.load()
        service = Service(backend, token, aliases=(asked_for,), log=_say)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        print(f"{backend.name} answers at {url}, one request at a time; its window is {window:,} tokens.")
        print(f"export OPENAI_BASE_URL={url} OPENAI_API_KEY={token} OPENAI_MODEL={backend.name}", flush=True)
        await serve(service, listening)
    finally:
        await backend.aclose()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
