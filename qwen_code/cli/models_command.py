"""`qwen-code models`: which models run here, get them, look at them, measure them, remove them."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from qwen_code.assembly import Place, find_place
from qwen_code.errors import InputError, QwenCodeError
from qwen_code.local.bundled import NAME, bundled_model
from qwen_code.local.catalog import Option, best, find, options
from qwen_code.local.first_choice import first_choice
from qwen_code.local.fit import GIB, RAM_RESERVE_BYTES, Wishes
from qwen_code.local.hardware import Machine, detect
from qwen_code.local.library import ModelLibrary, described, locate, source_of
from qwen_code.ui.transfer import Transfer

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="A GGUF file, a name of the catalog, or hf:OWNER/REPO:FILE.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models that are on this machine, and those of the catalog."""
    library = _library(_place())
    here = list(described(library))
    bundled = bundled_model()
    if as_json:
        known = [
            {"name": option.name, "bytes": option.family.quants[option.quant]}
            for option in options(_nothing())
        ]
        comes_along = (
            [{"name": NAME, "bytes": bundled.stat().st_size, "demonstration": True}] if bundled else []
        )
        downloaded = [{"name": n, "bytes": b} for n, b in here]
        print(json.dumps({"bundled": comes_along, "downloaded": downloaded, "catalog": known}))
        return
    if bundled:
        print("In the package")
        size = bundled.stat().st_size / 2**20
        print(f"  {size:7.1f} MiB  {NAME}  (demonstration: repairs one-line bugs in Python, no more)")
    print("On this machine" if here else f"No model was downloaded yet (they would lie in {library.folder}).")
    for name, size in here:
        print(f"  {size / GIB:7.1f} GiB  {name}")
    print("In the catalog (get one with `qwen-code models pull NAME`)")
    for option in options(_nothing()):
        print(f"  {option.family.quants[option.quant] / GIB:7.1f} GiB  {option.name}")


@app.command()
def fit(
    name: Annotated[str, typer.Argument(help="Only this model of the catalog.")] = "",
    window: Annotated[
        int | None, typer.Option("--context", min=1024, help="Tokens of context wanted.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what fits this machine, how it would run, and what to choose."""
    machine = detect()
    wishes = Wishes(window=window)
    rows = [option for option in options(machine, wishes) if not name or _is_meant(option, name)]
    if not rows:
        raise InputError(f"The catalog has no {name}. `qwen-code models list` shows what it has.")
    chosen = best(machine, rows)
    if as_json:
        print(json.dumps({"machine": asdict(machine), "options": [_as_dict(o, chosen) for o in rows]}))
        return
    print(_described_machine(machine))
    print(f"  {'GiB':<28} {'FILE':>5} {'CONTEXT':>8} {'KV':>5} {'CARD':>6} {'MEMORY':>6}  HOW")
    for option in rows:
        mark = "*" if chosen and option is chosen[0] else " "
        print(f"{mark} {_row(option, machine)}")
    if chosen:
        print(f"* {chosen[0].name}: {chosen[1]}. Get it with: qwen-code models pull {chosen[0].name}")
    else:
        print("Nothing fits. A model behind an endpoint needs no memory here: see `qwen-code --help`.")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="NAME[:QUANT], hf:OWNER/REPO:FILE, or a URL.")] = "",
) -> None:
    """Download a model; without a name, the one that suits this machine. Goes on where it was cut off."""
    from qwen_code.local.download import pull

    place = _place()
    settings, name = place.settings, _with_quant(name)
    try:
        path = pull(name, _library(place), _progress(), proxy=settings.proxy, ca_file=settings.ca_file)
    except KeyboardInterrupt:
        print("\nStopped. Pull again to go on where it was.", file=sys.stderr)
        raise
    except QwenCodeError:
        _end_line()
        raise
    _end_line()
    print(f"{path}\nUse it with: qwen-code -m {name if source_of(name) else path}")


@app.command()
def info(name: Name, as_json: AsJson = False) -> None:
    """Show what is known of a model's file, and how it would run here."""
    from qwen_code.local.fit import plan
    from qwen_code.local.gguf import read_header
    from qwen_code.local.model import check, parts
    from qwen_code.local.recommended import recommended_sampling
    from qwen_code.local.shape import shape_of

    path = _file(name)
    header = check(path)
    shape = shape_of(*(read_header(part) for part in parts(path, header)))
    chosen, sampling = plan(shape, detect()), recommended_sampling(header)
    facts = {
        "file": str(path),
        "name": header.name,
        "architecture": header.architecture,
        "layers": shape.layers,
        "weights_gib": round(shape.weight_bytes / GIB, 2),
        "experts_gib": round(sum(shape.expert_bytes) / GIB, 2),
        "trained_context": shape.trained_context,
        "kv_bytes_per_token_f16": shape.kv_bytes(1, "f16"),
        "vocabulary": shape.vocabulary,
        "calls": "xml" if "<function=" in header.chat_template else "json",
        "sampling": f"temperature {sampling.temperature}, top_p {sampling.top_p}, top_k {sampling.top_k}, "
        f"repetition_penalty {sampling.repetition_penalty}",
        "here": f"{chosen.reason} Context {chosen.window:,}, keys and values {chosen.kv_type}.",
    }
    if as_json:
        print(json.dumps(facts))
        return
    for key, value in facts.items():
        print(f"{key:<24} {value}")


@app.command()
def remove(name: Name) -> None:
    """Delete a downloaded model."""
    library = _library(_place())
    freed = library.remove(_file(name))
    print(f"{freed / GIB:.1f} GiB freed.")


@app.command()
def bench(
    name: Name,
    tokens: Annotated[int, typer.Option("--tokens", min=64, help="Length of the prompt.")] = 2048,
    as_json: AsJson = False,
) -> None:
    """Measure how fast a model reads, writes and resumes here, as the agent would run it."""
    from qwen_code.backends.local_options import runtime_options
    from qwen_code.local.gguf import read_header
    from qwen_code.local.measure import measure
    from qwen_code.local.model import check, parts

    path = _file(name)
    files = [read_header(part) for part in parts(path, check(path))]
    chosen, notices = runtime_options(files, _place().settings)
    for notice in notices:
        print(notice, file=sys.stderr)
    result = measure(path, chosen, prompt_tokens=tokens, told=_say)
    if as_json:
        print(json.dumps(asdict(result)))
        return
    fresh = result.prompt_tokens / result.prefill_per_s
    print(f"load     {result.load_s:8.1f} s")
    print(f"read     {result.prefill_per_s:8.1f} tokens/s  ({result.prompt_tokens} tokens in {fresh:.1f} s)")
    print(f"write    {result.decode_per_s:8.1f} tokens/s")
    size = f"{result.state_bytes / 2**20:.0f} MiB"
    print(f"resume   {result.resume_s:8.1f} s         ({size} from disk instead of {fresh:.1f} s)")


def _end_line() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _say(text: str) -> None:
    print(f"{text} ...", file=sys.stderr)


def _place() -> Place:
    return find_place(Path.cwd(), os.environ, {})


def _library(place: Place) -> ModelLibrary:
    return ModelLibrary(place.locations.models)


def _file(name: str) -> Path:
    path = locate(name, _library(_place()))
    if path is None:
        raise InputError(f"There is no model {name}. `qwen-code models list` shows what there is.")
    return path


def _nothing() -> Machine:
    return Machine((), 0, 0, 1)


def _is_meant(option: Option, name: str) -> bool:
    found = find(name)
    return found is not None and found[0] is option.family and found[1] in ("", option.quant)


def _with_quant(name: str) -> str:
    """`name` with the quant that suits this machine, where it leaves that open."""
    found = find(name) if name else None
    if name and (found is None or found[1]):
        return name
    chosen = first_choice(ModelLibrary(Path()), family=found[0] if found else None)
    if chosen is None:
        raise InputError(
            "No quant of it fits this machine. `qwen-code models fit` shows why; name one to get it anyway."
        )
    print(f"{chosen.name}: {chosen.why}.", file=sys.stderr)
    return chosen.name


def _row(option: Option, machine: Machine) -> str:
    plan = option.plan
    missing = plan.ram_bytes + RAM_RESERVE_BYTES - machine.available_bytes
    how = {
        "gpu": "all on the card",
        "experts in memory": f"{plan.cpu_expert_layers} layers' experts in memory",
        "layers in memory": f"{plan.gpu_layers} layers on the card",
        "cpu": "on the processor",
        "too large": f"too large by {missing / GIB:.1f}",
    }[plan.verdict]
    size = option.family.quants[option.quant]
    return (
        f"{option.name:<28} {size / GIB:5.1f} {plan.window:>8,} {plan.kv_type:>5} "
        f"{plan.gpu_bytes / GIB:6.1f} {plan.ram_bytes / GIB:6.1f}  {how}"
    )


def _as_dict(option: Option, chosen: tuple[Option, str] | None) -> dict[str, object]:
    return {
        "name": option.name,
        "bytes": option.family.quants[option.quant],
        "chosen": chosen is not None and option is chosen[0],
        **asdict(option.plan),
    }


def _described_machine(machine: Machine) -> str:
    cards = ", ".join(f"{gpu.name} ({gpu.free_bytes / GIB:.1f} GiB free)" for gpu in machine.gpus)
    return (
        f"This machine: {cards or 'no graphics card'}; {machine.available_bytes / GIB:.1f} of "
        f"{machine.ram_bytes / GIB:.1f} GiB memory free; {machine.cores} cores."
    )


def _progress() -> Callable[[str, int, int], None]:
    """One line on the terminal that is written over, at most four times a second; silent elsewhere."""
    transfer, shown = Transfer(), 0.0

    def show(name: str, here: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if not sys.stderr.isatty() or (now - shown < 0.25 and here < total):
            return
        shown = now
        columns = shutil.get_terminal_size().columns
        print(f"\r\033[K{transfer.line(name, here, total, columns)}", end="", file=sys.stderr, flush=True)

    return show
