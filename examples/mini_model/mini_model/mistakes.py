"""Edits that the model gets wrong, so that training can show it how to go on from just those.

    python -m mini_model.mistakes MODEL.gguf --minutes 3    # adds to build/mistakes.jsonl

An attempt that a teacher makes up is seldom the one that the model would make, so it never learns not to make
that one again (the reasoning of DAgger: Ross, Gordon and Bagnell, 2011).
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from mini_model.project import Project, make_project
from mini_model.repair import Repair
from mini_model.smallest_edit import smallest_edit
from mini_model.tasks.base import all_tasks
from mini_model.tokens import Tokenizer
from mini_model.tool_answers import refused
from mini_model.trace import Call, Trace

HOME = Path(__file__).resolve().parent.parent / "build" / "mistakes.jsonl"
_BRIEF = 0.8
_ATTEMPTS = 4
_LONGEST_PROMPT, _LONGEST_STRING = 1900, 70
_ASSISTANT = "<|im_start|>assistant\n"
_OLD, _END, _NEW = "<parameter=old_string>\n", "\n</parameter>", "\n</parameter>\n<parameter=new_string>\n"

Edit = tuple[str, str]
"""What is to be replaced, and by what."""
Answer = Callable[[Trace, Project, Sequence[Edit]], Edit | None]
"""The edit that a model makes where a conversation about a project, as it is now, stops before one; None
where it makes none. Also: its edits so far."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Edits of the project with a number, one after the other, that each left its tests red."""

    number: int
    edits: list[Edit]

    def trace(self, rng: random.Random, *, brief: bool | None = None) -> Trace | None:
        """The repair that begins with them."""
        project = numbered(self.number)
        if project is None:
            return None
        path = project.bugs[0].path
        calls = [
            Call("edit", {"file_path": path, "old_string": old, "new_string": new}, learn=False)
            for old, new in self.edits
        ]
        brief = rng.random() < _BRIEF if brief is None else brief
        return Repair(project, rng, brief=brief).tell(len(calls), calls)

    def teachable(self) -> Mistake | None:
        """As many of them as can stand before the right edit: what was tried is not tried again at once."""
        project = numbered(self.number)
        if project is None:
            return None
        (bug,) = project.bugs
        text = project.files[bug.path]
        if any(old not in text for old, _ in self.edits):
            return None  # found in what the number meant to an earlier generator
        lines = text.split("\n")
        right = text.index(smallest_edit(lines, lines.index(bug.bad_line), bug.good_line)[0])
        places = [text.index(old) for old, _ in self.edits]
        while places and (places[-1] == right or places.count(right) > 1):
            places.pop()
        return Mistake(self.number, self.edits[: len(places)]) if places else None


def numbered(number: int) -> Project | None:
    """A project with one bug; always the same for a number, or none."""
    rng = random.Random(f"mistake/{number}")
    return make_project(rng, all_tasks(), size=0.15 + 0.7 * rng.random() ** 0.5)


def read(path: Path = HOME) -> list[Mistake]:
    """All that were found; none where there is no file."""
    if not path.exists():
        return []
    lines = map(json.loads, path.read_text("utf-8").splitlines())
    found = [Mistake(line["number"], [(old, new) for old, new in line["edits"]]) for line in lines]
    return [mistake for each in found if (mistake := each.teachable()) is not None]


def found(answer: Answer, numbers: Iterable[int], tried: Counter[str] | None = None) -> Iterator[Mistake]:
    """What a model gets wrong in the projects with these numbers, up to its last attempt but one.

    Args:
        tried: counts how the attempts end.
    """
    tried = Counter() if tried is None else tried
    for number in numbers:
        mistake = Mistake(number, [])
        while len(mistake.edits) < _ATTEMPTS and (edit := _attempt(answer, mistake, tried)):
            mistake.edits.append(edit)
        del mistake.edits[_ATTEMPTS - 1 :]
        if mistake.edits and mistake.trace(random.Random(number), brief=True) is None:
            mistake.edits.pop()  # it helped, in a way of its own
        if mistake.edits:
            yield mistake


def _attempt(answer: Answer, before: Mistake, tried: Counter[str]) -> Edit | None:
    """The next edit that does not help; None if it helps, or if nothing can be learned from it."""
    project = numbered(before.number)
    trace = before.trace(random.Random(before.number), brief=True)
    if project is None or trace is None:
        return None
    bug = project.bugs[0]
    text = project.files[bug.path]
    for old, new in before.edits[-1:]:
        if not refused(bug.path, text, old, new):
            project.files[bug.path] = text.replace(old, new)
    edit = answer(_up_to_the_edit(trace), project, before.edits)
    if edit is None:
        return None
    problem, after = refused(bug.path, text, *edit), text.replace(*edit)
    right = not problem and after == text.replace(bug.bad_line, bug.good_line)
    tried[f"attempt {len(before.edits) + 1}: {'right' if right else 'refused' if problem else 'wrong'}"] += 1
    return None if right else edit


def _up_to_the_edit(trace: Trace) -> Trace:
    """A repair up to where the model decides what the right edit replaces."""
    last = next(n for n, (text, _) in enumerate(trace.pieces) if text == trace.right)
    begun = trace.right[: trace.right.index(_OLD) + len(_OLD)]
    return Trace([*trace.pieces[:last], (begun, True)], is_exercise=trace.is_exercise)


def answers_of(model: Path, tokenizer: Tokenizer) -> Answer:
    """What an exported model says, always the likeliest that the product allows."""
    from llama_cpp import Llama, LogitsProcessorList

    from mini_model.corpus import encode
    from qwen_code.local.made_edit import MadeEdit
    from qwen_code.local.quoted_edits import QuotedEdits
    from qwen_code.local.so_far import SoFar, numbers_of, words_of

    llama = Llama(str(model), n_ctx=2304, n_threads=1, n_threads_batch=1, verbose=False)
    pieces = [tokenizer.decode([token]).encode() for token in range(tokenizer.size)]

    def string(prompt: list[int], edits: QuotedEdits) -> str | None:
        def held(_: Any, logits: Any) -> Any:
            """The likeliest that is allowed becomes the likeliest of all."""
            likeliest = int(logits.argmax())
            if not edits.allows(pieces[likeliest]):
                order = (-logits).argsort().tolist()
                likeliest = next((token for token in order if edits.allows(pieces[token])), likeliest)
            logits[likeliest] += 1000
            return logits

        processors = LogitsProcessorList([held])
        said = b""
        for token in llama.generate(prompt, top_k=1, temp=0.0, logits_processor=processors):
            said += pieces[token]
            edits.advance(pieces[token])
            if _END.encode() in said:
                value, _, begun = said.decode("utf-8", "replace").partition(_END)
                edits.advance(_NEW.removeprefix(f"{_END}{begun}").encode())
                return value
            if len(said) > 4 * _LONGEST_STRING:
                break
        return None

    def answer(asked: Trace, project: Project, made: Sequence[Edit]) -> Edit | None:
        path = project.bugs[0].path
        done = [edit for old, new in made for edit in ((path, old, new), (path, new, old))][:-1]
        said = "".join(text for text, _ in asked.pieces)
        printed = [answer for answer in said.split("<tool_response>") if "[exit code" in answer]
        known = SoFar(
            tuple(MadeEdit(*map(str.encode, each)) for each in done),
            numbers=numbers_of([said]),
            used=words_of(printed),
        )
        edits = QuotedEdits(project.files.get, known)
        edits.advance(said.rpartition(_ASSISTANT)[2].encode())
        prompt = encode(asked, tokenizer).ids
        if len(prompt) > _LONGEST_PROMPT or (old := string(prompt, edits)) is None:
            return None
        new = string(prompt + tokenizer.encode(old + _NEW), edits)
        return None if new is None else (old, new)

    return answer


def _add(model: Path, numbers: Iterable[int], minutes: float) -> None:
    from mini_model.export import restore

    tried, end = Counter[str](), time.monotonic() + 60 * minutes
    answer = answers_of(model, Tokenizer(restore(model)["tokenizer"]))
    with HOME.open("a", encoding="utf-8") as file:
        for mistake in found(answer, numbers, tried):
            file.write(json.dumps(asdict(mistake)) + "\n")
            file.flush()
            if time.monotonic() > end:
                break
    print(", ".join(f"{what} {n}" for what, n in sorted(tried.items())), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Collect edits that the model gets wrong.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--start", type=int, default=0, help="the number of the first project")
    parser.add_argument("--minutes", type=float, default=3)
    given = parser.parse_args()
    _add(given.model, count(given.start), given.minutes)


if __name__ == "__main__":
    main()
