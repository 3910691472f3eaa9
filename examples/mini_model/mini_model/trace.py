"""Whole conversations as the model is to have them: what it reads, and what it should answer.

A teacher that knows where the bug is plays the model; what tools answer is written as the product's tools
write it. The tests compare both with the real agent loop and the real tools.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from mini_model.chat import GO_ON, GREETINGS, REQUESTS, UNRELATED, environment_block
from mini_model.mutate import mutations
from mini_model.names import noun
from mini_model.project import Bug, Project
from mini_model.pytest_output import COMMAND, Outcome, run_tests
from qwen_code.workspace.nearest import nearest

MAX_ATTEMPTS = 4
NOTHING_TO_DO = "All tests pass already; I changed nothing."
NO_TESTS = "Not done: pytest finds no tests here."
NO_PYTEST = "Not done: pytest does not run here."
NOT_FOUND = "Not done: I could not find the bug, and took my changes back."
UNREADABLE = "Not done: the tests can't be loaded, and that is more than I can repair."
WHAT_I_AM = (
    "I am a tiny demonstration model: all I can do is repair a one-line bug in Python code "
    "that a pytest test shows."
)
UNABLE = f"Not done: {WHAT_I_AM[0].lower()}{WHAT_I_AM[1:]}".replace("Not done: i am", "Not done: I am")
CHECK_FAILS = "Not done: the check fails, and I found nothing that I can repair."


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of the model. Of an attempt that turns out wrong, the arguments are not to be learned."""

    tool: str
    arguments: dict[str, str]
    learn: bool = True

    def render(self) -> str:
        """In Qwen3-Coder's notation."""
        inner = "".join(
            f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in self.arguments.items()
        )
        return f"<tool_call>\n<function={self.tool}>\n{inner}</function>\n</tool_call>"


@dataclass(slots=True)
class Trace:
    """A conversation as pieces of text, each with whether the model is to learn it."""

    pieces: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    family: str = ""
    is_exercise: bool = False
    """True if it begins in the middle, without what the product says first."""
    interruptions: random.Random | None = None
    """Now and then a person says something in between: after a pause, when a session is resumed."""

    def say(self, text: str, learn: bool = False) -> None:
        """Append a piece."""
        self.pieces.append((text, learn))

    def user(self, text: str) -> None:
        """A message of the person."""
        self.say(f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n")

    def exercise(self) -> None:
        """Leave only what a repair is about: what was read, what failed, and the edits."""
        self.is_exercise = True
        start = next(n for n, (text, learn) in enumerate(self.pieces) if learn and "=grep_search>" in text)
        failed = next(text for text, _ in reversed(self.pieces[:start]) if "\nE  " in text)
        kept = [(failed, False), ("<|im_start|>assistant\n", False), *self.pieces[start:]]
        self.pieces = [(text if learn else _shortened(text), learn) for text, learn in kept]

    def answer(self, *calls: Call, text: str = "") -> None:
        """An answer of the model."""
        self.say(text, True)
        for number, call in enumerate(calls):
            if number:
                self.say("\n", True)
            self.say(call.render(), call.learn)
        self.say("<|im_end|>", True)
        self.say("\n")

    def results(self, *texts: str) -> None:
        """What the calls of the last answer gave."""
        inner = "".join(f"<tool_response>\n{text}\n</tool_response>\n" for text in texts)
        self.say(f"<|im_start|>user\n{inner}<|im_end|>\n")
        if self.interruptions is not None and self.interruptions.random() < 0.07:
            self.say(f"<|im_start|>user\n{self.interruptions.choice(GO_ON)}<|im_end|>\n")
        self.say("<|im_start|>assistant\n")


_TOLD = re.compile(r"(?:[>E] .*|<tool_response>|</tool_response>|\[exit code 1\]|\w[\w/]*\.py:\d+: \w*)\Z")


def _shortened(text: str) -> str:
    """Of a test run only the test that failed, why, and where; of an edit nothing; all of a file."""
    parts = re.split(r"(<tool_response>\n.*?\n</tool_response>\n)", text, flags=re.DOTALL)
    for n, part in enumerate(parts):
        if "= FAILURES =" in part:
            test, mark, rest = part.partition("\n>  ")
            lines = [line for line in test.split("\n") if line.startswith(("<tool", "    "))]
            lines += [line for line in f"{mark}{rest}".split("\n") if _TOLD.match(line)]
            parts[n] = "".join(f"{line}\n" for line in lines)
        elif part.startswith("<tool_response>\nEdited "):
            parts[n] = ""
    return "".join(parts)


LINES = {"def": 16, "class": 40}
"""Lines that are read from a definition on."""


def excerpt(text: str, offset: int, limit: int) -> str:
    """What the tool `read_file` answers; from 0 it is the whole file."""
    lines = text.removesuffix("\n").split("\n")
    if not offset:
        return text
    end = min(offset + limit, len(lines))
    more = f"; continue with offset={end}" if end < len(lines) else ""
    shown = "".join(f"{line}\n" for line in lines[offset:end])
    return f"[lines {offset + 1}-{end} of {len(lines)}{more}]\n{shown}"


RUN = Call("run_shell_command", {"command": COMMAND})


class Repair:
    """A repair of one project, told as a trace."""

    def __init__(self, project: Project, rng: random.Random) -> None:
        self.project = project
        self.rng = rng
        self.visible = ""
        """What was read last of the file with the bug."""
        self.trace = Trace(interruptions=rng)

    def tell(self, wrong_attempts: int) -> Trace | None:
        """The trace; None if the project can't be told in this way."""
        trace, rng = self.trace, self.rng
        trace.user(environment_block(rng) + rng.choice(REQUESTS))
        trace.answer(RUN)
        outcome = run_tests(self.project, rng)
        if outcome is None or outcome.passed:
            return None
        trace.results(outcome.text)
        trace.family = self.project.bugs[0].family
        fixed: list[Bug] = []
        while True:
            bug = self._shown(outcome)
            if bug is None or bug in fixed:  # a line like it stands elsewhere, and was changed instead
                return None
            self._find(bug, outcome)
            after = self._attempts(bug, wrong_attempts, outcome)
            if after is None:
                return trace if trace.pieces[-2][0] == "<|im_end|>" else None
            fixed.append(bug)
            if after.passed:
                break
            outcome, wrong_attempts = after, 0
        trace.answer(
            text=f"Fixed {bug.path}; all tests pass."
            if len(fixed) == 1
            else "Fixed several bugs; all tests pass."
        )
        return trace

    def _shown(self, outcome: Outcome) -> Bug | None:
        """The bug that a failing test is about."""
        subject = self.project.subjects.get(outcome.failing_test)
        if subject is None:
            return None
        for bug in self.project.bugs:
            if bug.unit is subject.unit and bug.bad_line in self.project.files[bug.path].split("\n"):
                return bug
        return None

    def _find(self, bug: Bug, outcome: Outcome) -> None:
        """Search what the test is about, and read on from there; of a method read the whole file."""
        subject = self.project.subjects[outcome.failing_test]
        kind = "class" if bug.unit.task.methods is not None else "def"
        pattern = f"def {subject.method}" if subject.method else f"{kind} {bug.unit.name}"
        self.trace.answer(Call("grep_search", {"pattern": pattern}))
        self.trace.results(self._grep(pattern))
        lines = self.project.files[bug.path].split("\n")
        start = next((n for n, line in enumerate(lines, 1) if re.match(rf"{pattern}\b", line)), 0)
        if lines.index(bug.bad_line) < start:
            start = 0
        limit = LINES[pattern.partition(" ")[0]]
        where = {"offset": str(start), "limit": str(limit)} if start else dict[str, str]()
        self.trace.answer(Call("read_file", {"file_path": bug.path, **where}))
        self.trace.results(excerpt(self.project.files[bug.path], start, limit))
        self.visible = "\n".join(lines[start : start + limit] if start else lines)

    def _grep(self, pattern: str) -> str:
        fold = pattern.islower()
        lines = [
            f"{path}:{number}:{line}"
            for path, text in sorted(self.project.files.items())
            for number, line in enumerate(text.split("\n"), 1)
            if pattern in (line.lower() if fold else line)
        ]
        return "\n".join(lines)

    def _looks_unique(self, bug: Bug) -> bool:
        """True if the line stands once in what was read, and yet more than once in the file."""
        line = bug.bad_line
        return self.visible.count(line) == 1 < self.project.files[bug.path].count(line)

    def _ambiguous(self, bug: Bug, outcome: Outcome) -> None:
        """The edit that anybody would try, and what the tool says to it."""
        text = self.project.files[bug.path]
        arguments = {"file_path": bug.path, "old_string": bug.bad_line, "new_string": bug.good_line}
        self.trace.answer(Call("edit", arguments), RUN)
        self.trace.results(more_than_once(bug.path, text, bug.bad_line), outcome.text)

    def _without_effect(self, bug: Bug, outcome: Outcome) -> None:
        """An edit that leaves a line as it is, or of a line that is not there: copying went wrong."""
        text = self.project.files[bug.path]
        unit = [line for line in bug.unit.source.split("\n") if line.strip() and line in self.visible]
        old = new = bug.bad_line if self.rng.random() < 0.6 or not unit else self.rng.choice(unit)
        answer = NO_CHANGE
        if self.rng.random() < 0.35:
            near = [m.bad for m in mutations(text) if m.good == old and m.bad not in text]
            if near and new not in text.replace(old, "", 1):
                old, new = self.rng.choice(near), bug.good_line
                answer = not_there(bug.path, text, old)
        if new != old and new in text:
            return
        arguments = {"file_path": bug.path, "old_string": old, "new_string": new}
        self.trace.answer(Call("edit", arguments, learn=False), RUN)
        self.trace.results(answer, outcome.text)

    def _attempts(self, bug: Bug, wrong: int, outcome: Outcome) -> Outcome | None:
        """Wrong attempts, and then the right one; None when it was given up.

        Args:
            outcome: what the tests say before the first attempt.
        """
        path, undo, tried = bug.path, list[Call](), {bug.good_line}
        results: list[str] = []
        for attempt in range(MAX_ATTEMPTS):
            calls, results = list(undo), []
            for call in undo:
                results.append(self._edit(call))
            right = attempt >= wrong
            edit = self._call(path, bug.bad_line, bug.good_line) if right else self._wrong(bug, tried)
            if edit is None:
                return None
            if right and not attempt and self._looks_unique(bug):
                self._ambiguous(bug, outcome)
            elif right and not attempt and self.rng.random() < 0.18:
                self._without_effect(bug, outcome)
            calls.append(edit)
            results.append(self._edit(edit))
            outcome = run_tests(self.project, self.rng)
            if outcome is None or (not right and outcome.passed):
                return None
            self.trace.answer(*calls, RUN)
            self.trace.results(*results, outcome.text)
            if right:
                return outcome
            undo = [
                Call(
                    "edit",
                    {
                        "file_path": path,
                        "old_string": edit.arguments["new_string"],
                        "new_string": edit.arguments["old_string"],
                    },
                )
            ]
        self.trace.answer(*undo)
        self.trace.results(*[self._edit(call) for call in undo])
        self.trace.answer(text=NOT_FOUND)
        return None

    def _wrong(self, bug: Bug, tried: set[str]) -> Call | None:
        """An edit that someone might try, and that does not help."""
        text = self.project.files[bug.path]
        lines = text.split("\n")
        unit = bug.unit.source.split("\n")
        options = [
            m
            for m in mutations(text)
            if m.bad not in tried
            and m.kind != "missing return"
            and (m.good in unit or m.good == bug.bad_line)
        ]
        self.rng.shuffle(options)
        near = [m for m in options if m.good == bug.bad_line]
        for mutation in (near + options if self.rng.random() < 0.6 else options)[:6]:
            lines = text.split("\n")
            lines[mutation.line] = mutation.bad
            call = self._call(bug.path, mutation.good, mutation.bad, learn=False)
            if call is None:
                continue
            self.project.files[bug.path] = "\n".join(lines)
            outcome = run_tests(self.project, self.rng)
            self.project.files[bug.path] = text
            if outcome is not None and not outcome.passed:
                tried.add(mutation.bad)
                return call
        return None

    def _call(self, path: str, old: str, new: str, learn: bool = True) -> Call | None:
        """An edit of one line; of two or more where one would not be unique, before or after."""
        lines = self.project.files[path].split("\n")
        at = lines.index(old)
        for start in range(at, max(-1, at - 4), -1):
            before = "\n".join(lines[start : at + 1])
            after = "\n".join([*lines[start:at], new])
            text = self.project.files[path]
            if text.count(before) == 1 and text.replace(before, after).count(after) == 1:
                return Call("edit", {"file_path": path, "old_string": before, "new_string": after}, learn)
        return None

    def _edit(self, call: Call) -> str:
        path, old, new = (call.arguments[key] for key in ("file_path", "old_string", "new_string"))
        text = self.project.files[path]
        first = text[: text.index(old)].count("\n") + 1
        self.project.files[path] = text = text.replace(old, new, 1)
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        last = min(first + new.count("\n") + 2, len(lines))
        numbered = "\n".join(f"{n}| {lines[n - 1]}" for n in range(max(first - 2, 1), last + 1))
        return f"Edited {path}. Now:\n{numbered}"


def not_there(path: str, text: str, old: str) -> str:
    """What the tool `edit` answers when `old` is not in a file, and what would replace it isn't either."""
    sentence = f"old_string is not in {path}."
    near = nearest(text, old)
    if near is None:
        return f"{sentence} Nothing in it comes close; read the file again."
    lines = f"line {near.first_line}"
    if near.last_line > near.first_line:
        lines = f"lines {near.first_line}-{near.last_line}"
    return f"{sentence} Closest: {lines} (- yours, + the file's)\n{near.difference}"


NO_CHANGE = "old_string and new_string are the same; nothing would change."
"""What the tool `edit` answers when there is nothing to do."""


def more_than_once(path: str, text: str, old: str) -> str:
    """What the tool `edit` answers when `old` is not unique in a file."""
    at = [str(text[: found.start()].count("\n") + 1) for found in re.finditer(re.escape(old), text)]
    return (
        f"old_string is in {path} more than once, at lines {', '.join(at)}. "
        "Add lines around it until it is unique, or set replace_all."
    )


def chat_trace(rng: random.Random) -> Trace:
    """A greeting or a request that the model can't do."""
    trace = Trace(family="chat")
    if rng.random() < 0.4:
        trace.user(environment_block(rng) + rng.choice(GREETINGS))
        trace.answer(text=WHAT_I_AM)
    else:
        trace.user(environment_block(rng) + UNRELATED(rng))
        trace.answer(text=UNABLE)
    return trace


def short_trace(rng: random.Random) -> Trace:
    """A run that ends after the first look at the tests."""
    from mini_model.odd_output import no_pytest, no_tests, unreadable

    trace = Trace(family="ends early")
    trace.user(environment_block(rng) + rng.choice(REQUESTS))
    trace.answer(RUN)
    kind = rng.random()
    if kind < 0.4:
        count = rng.randint(1, 30)
        trace.results(f"{'.' * count:<72} [100%]\n{count} passed in {rng.randint(1, 9) / 100:.2f}s")
        trace.answer(text=NOTHING_TO_DO)
    elif kind < 0.55:
        trace.results(no_tests(rng))
        trace.answer(text=NO_TESTS)
    elif kind < 0.7:
        trace.results(no_pytest(rng))
        trace.answer(text=NO_PYTEST)
    else:
        trace.results(unreadable(rng))
        trace.answer(text=UNREADABLE)
    return trace


def go_on(trace: Trace, rng: random.Random) -> None:
    """Append what may come after the last answer: thanks, the same request again, or a check that fails."""
    kind = rng.random()
    if kind < 0.4:
        command = rng.choice(
            (
                "python -m pytest -q",
                "pytest",
                "make test",
                "python -m pytest",
                "tox",
                "pytest -q",
                f"python {noun(rng)}.py",
                "ruff check .",
            )
        )
        output = rng.choice(
            (
                f"{rng.randint(1, 9)} failed, {rng.randint(1, 9)} passed in 0.{rng.randint(10, 99)}s",
                f"make: *** [{noun(rng)}] Error 1",
                f"{noun(rng)}.py:{rng.randint(1, 99)}: {noun(rng)}",
                "no tests ran in 0.01s",
            )
        )
        trace.user(
            f"Verification failed: `{command}` does not succeed yet. Its output:\n\n{output}\n\n"
            "Find the cause, repair it, and finish only when this command passes."
        )
        trace.answer(text=CHECK_FAILS)
    elif kind < 0.7:
        trace.user(rng.choice(GREETINGS))
        trace.answer(text=WHAT_I_AM)
    else:
        trace.user(rng.choice(REQUESTS))
        trace.answer(RUN)
        count = rng.randint(1, 30)
        trace.results(f"{'.' * count:<72} [100%]\n{count} passed in {rng.randint(1, 9) / 100:.2f}s")
        trace.answer(text=NOTHING_TO_DO)
