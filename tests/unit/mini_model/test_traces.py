# pyright: basic, reportMissingImports=false
from __future__ import annotations

import ast
import os
import random
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest

from qwen_code.agent.prompting import load_profile
from qwen_code.agent.registry import load_tools
from qwen_code.messages import Message, Prompt
from qwen_code.wire import decode
from qwen_code.wire.template import qwen3_coder, rendered

TURN = re.compile(r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>\n", re.DOTALL)
RESPONSE = re.compile(r"<tool_response>\n(.*?)\n</tool_response>\n", re.DOTALL)
VARIES = re.compile(r"0x[0-9a-f]+|in \d+\.\d+s|from '[^']*'")


def messages(text: str) -> tuple[Message, ...]:
    profile = load_profile("mini")
    tools = load_tools(only=profile.tools, signatures=profile.signatures).specs()
    found: list[Message] = []
    for role, said in TURN.findall(text):
        if role == "user" and said.startswith("<tool_response>"):
            found += [Message("tool", result) for result in RESPONSE.findall(said)]
        elif role == "assistant":
            decoded = decode(said, tools)
            assert not decoded.errors
            found.append(Message("assistant", decoded.content, tool_calls=tuple(decoded.calls)))
        else:
            found.append(Message(role, said))
    return tuple(found)


@pytest.mark.parametrize("number", range(3000, 3008))
def test_a_trace_is_what_the_program_would_render(number: int) -> None:
    from mini_model.chat import SYSTEM
    from mini_model.corpus import OPENING, make_trace

    trace = make_trace(number)
    text = "".join(piece for piece, _ in trace.pieces)
    if trace.is_exercise:  # it begins with results, before which the template wants something
        text = f"<|im_start|>user\ngo<|im_end|>\n{text}"
    prompt = Prompt("" if trace.is_exercise else SYSTEM, (), messages(text))
    expected = text if trace.is_exercise else OPENING + text
    assert rendered(qwen3_coder(prompt, generate=False)) == expected


def test_the_model_is_trained_on_the_prompt_that_it_gets() -> None:
    from mini_model.chat import SYSTEM

    assert load_profile("mini").text == SYSTEM


def test_every_written_module_can_be_met_under_other_names() -> None:
    from mini_model.mutate import mutations
    from mini_model.tasks.base import all_tasks
    from mini_model.unit import Style, killed, make_unit

    style = Style(documented=1.0, double_quotes=False, annotated=False)
    tasks = [task for task in all_tasks() if task.is_written]
    assert len(tasks) >= 100
    for task in tasks:
        rng = random.Random(task.name)
        units = [unit for _ in range(12) if (unit := make_unit(task, rng, style=style))]
        assert len({unit.source for unit in units}) > 3, task.name
        for unit in units[:2]:
            assert not killed(unit, unit.source), task.name
            assert len(mutations(unit.source)) > 10, task.name


def test_what_python_has_keeps_its_name() -> None:
    from mini_model.rename import renamed

    text = "import math\n\nsqrt_of = [math.sqrt(n) for n in (1, 4)]\nitems = sorted({1: 2}.items())\n"
    assert {renamed(text, random.Random(n)) for n in range(20)} > {text}
    for n in range(20):
        assert re.search(
            r"math\.sqrt\(n\).*\nitems = sorted\(\{1: 2\}\.items", renamed(text, random.Random(n))
        )


def test_a_trace_with_a_number_is_always_the_same() -> None:
    from mini_model.corpus import make_trace

    one, other = ("".join(text for text, _ in make_trace(4321).pieces) for _ in range(2))
    assert one == other


def test_there_are_many_families_of_bugs() -> None:
    from mini_model.tasks.base import all_tasks
    from mini_model.unit import Style, make_unit, spoil

    rng, families = random.Random(1), set[str]()
    for task in all_tasks():
        unit = make_unit(task, rng, style=Style(1.0, double_quotes=False, annotated=False))
        spoilt = spoil(unit, rng) if unit else None
        families |= {f"{task.topic}: {spoilt[0].kind}"} if spoilt else set()
    assert len(families) >= 40


def printed(folder: Path, how: str = "-rN") -> str:
    """What pytest really prints there, as the tool gives it."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", how]
    # in CI it does not cut the lines at the end
    own = {name: value for name, value in os.environ.items() if name not in ("CI", "BUILD_NUMBER")}
    real = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)
    return f"{real.stdout.rstrip()}\n[exit code {real.returncode}]"


def test_failures_read_as_pytest_prints_them(tmp_path: Path) -> None:
    from mini_model.files import packages, write_to
    from mini_model.pytest_output import run_tests

    for number, project in enumerate(packages(3, seed=1)):
        folder = tmp_path / str(number)
        write_to(project, folder)
        outcome = run_tests(project, random.Random(0))
        assert outcome is not None
        assert VARIES.sub("", outcome.text) == VARIES.sub("", printed(folder))
        assert VARIES.sub("", outcome.quiet) == VARIES.sub("", printed(folder, "--tb=no"))


def test_a_missing_exception_reads_as_pytest_prints_it(tmp_path: Path) -> None:
    from mini_model.files import write_to
    from mini_model.project import Project
    from mini_model.pytest_output import run_tests

    test = "import pytest\nimport m\n\n\ndef test_f():\n    with pytest.raises(ValueError):\n        m.f(1)\n"
    project = Project({"m.py": "def f(a):\n    return a\n", "test_m.py": test}, {"m": "m.py"}, {})
    project.tests = ["test_m.py"]
    write_to(project, tmp_path)
    outcome = run_tests(project, random.Random(0))
    assert outcome is not None
    assert VARIES.sub("", outcome.text) == VARIES.sub("", printed(tmp_path))


def test_a_file_that_is_no_python_any_more_reads_as_pytest_says_it(tmp_path: Path) -> None:
    from mini_model.files import packages, write_to
    from mini_model.pytest_output import run_anyway, run_tests
    from mini_model.trace import shortened

    (project,) = packages(1, seed=2)
    (bug,) = project.bugs
    project.files[bug.path] = project.files[bug.path].replace(bug.bad_line, f"{bug.bad_line} (")
    project.directory = str(tmp_path)
    write_to(project, tmp_path)
    outcome = run_anyway(project, random.Random(0))
    said = outcome.text
    assert shortened(said) == shortened(printed(tmp_path))
    assert VARIES.sub("", outcome.quiet) == VARIES.sub("", printed(tmp_path, "--tb=no"))
    assert "SyntaxError" in said
    assert run_tests(project, random.Random(0)) is None


def test_real_tools_answer_what_the_trace_says(tmp_path: Path) -> None:
    from mini_model.oracle import differences, draw, played, told

    project, trace = draw(1, wrong_attempts=2)
    assert any("--tb=no" in text for text, _ in trace.pieces)
    assert not differences(told(trace), played(project, trace, tmp_path / "project"))


@pytest.mark.parametrize(
    "change", [("nothing like it", "x"), ("return", "retrun"), (" ", " "), ("def", "def")]
)
def test_real_tools_refuse_what_the_trace_says_they_refuse(change: tuple[str, str], tmp_path: Path) -> None:
    from mini_model.oracle import differences, draw, played, told
    from mini_model.repair import Repair
    from mini_model.trace import Call

    project, _ = draw(6)
    old, new = change
    edit = Call("edit", {"file_path": project.bugs[0].path, "old_string": old, "new_string": new})
    repair = Repair(deepcopy(project), random.Random(0))
    repair.trace.interruptions = None
    trace = repair.tell(1, [edit])
    assert trace is not None
    assert "old_string" in "".join(told(trace))
    assert not differences(told(trace), played(project, trace, tmp_path / "project"))


def test_an_attempt_that_helped_before_others_is_made_again() -> None:
    from mini_model.oracle import draw

    again = 0
    for number in range(12):
        _, trace = draw(number, wrong_attempts=1)
        edits = [text for text, _ in trace.pieces if "<function=edit>" in text]
        assert edits[-1] == trace.right
        again += edits.count(trace.right) == 2
    assert 0 < again < 12


def test_who_has_tried_all_says_so() -> None:
    from mini_model.oracle import draw
    from mini_model.repair import NOT_FOUND, Repair

    project, _ = draw(2)
    before = dict(project.files)
    trace = Repair(project, random.Random(1), gives_up=True).tell(2)
    assert trace is not None
    assert trace.pieces[-3][0] == NOT_FOUND
    assert project.files == before


def test_an_exercise_is_a_repair_without_what_stands_around_it() -> None:
    from mini_model.corpus import exercise
    from mini_model.tasks.base import all_tasks

    for seed in range(6):
        trace = exercise(random.Random(seed), all_tasks())
        said = [text for text, learn in trace.pieces if learn]
        read = "".join(text for text, learn in trace.pieces if not learn)
        assert read.startswith("<|im_start|>user\n<tool_response>\n")
        assert "<environment>" not in read
        assert "= FAILURES =" not in read
        assert any("<function=edit>" in text for text in said)
        assert not any("<function=grep_search>" in text for text in said)
        for old in re.findall(r"<parameter=old_string>\n(.*?)\n</parameter>", trace.right, re.DOTALL):
            assert old in read


@pytest.mark.parametrize("easy", [True, False])
def test_in_a_reading_nothing_is_said_and_what_is_wrong_stands_in_one_place(*, easy: bool) -> None:
    from mini_model.corpus import reading
    from mini_model.tasks.base import all_tasks

    several = 0
    for seed in range(20):
        trace = reading(random.Random(seed), all_tasks(), easy=easy)
        lines = "".join(text for text, _ in trace.pieces).split("\n")
        assert not any(learned for _, learned in trace.pieces)
        assert all(lines.count(line) == 1 for line, _ in trace.wrong)
        several += len(trace.wrong) > 1
    assert several > 10


def test_the_smallest_edit_does_what_the_whole_line_would() -> None:
    from mini_model.mutate import mutations
    from mini_model.smallest_edit import difference, smallest_edit
    from mini_model.tasks.base import all_tasks
    from mini_model.unit import Style, make_unit

    rng, seen = random.Random(2), 0
    for task in all_tasks():
        unit = make_unit(task, rng, style=Style(1.0, double_quotes=False, annotated=False))
        for mutation in mutations(unit.source) if unit else ():
            lines = unit.source.split("\n")
            good = "\n".join(lines)
            lines[mutation.line] = mutation.bad
            old, new = smallest_edit(lines, mutation.line, mutation.good)
            bad = "\n".join(lines)
            assert old.count("\n") <= 4
            longer = mutation.good.startswith(mutation.bad) or mutation.bad.startswith(mutation.good)
            rest = mutation.bad[difference(mutation.bad, mutation.good) :]
            behind = "\n".join(["", *lines[mutation.line + 1 :]])
            begins_earlier = bad.count(rest + behind) > 1
            assert longer or begins_earlier or old.split()[0] != new.split()[0], mutation
            repaired = [
                bad[: found.start()] + new + bad[found.start() + len(old) :]
                for found in re.finditer(f"(?={re.escape(old)})", bad)
            ]
            assert good in repaired, mutation
            seen += 1
    assert seen > 1000


@pytest.mark.parametrize(
    ("code", "good", "edit"),
    [
        (["    return x[1]", ""], "    return x[0]", ("1]", "0]")),
        (["if not a > b:", "    do()"], "if a > b:", ("not a > b:", "a > b:")),
        (["    x", "", "", "f(x)"], "    return x", ("x\n\n\nf(x)", "return x\n\n\nf(x)")),
        (["    x -= 1"], "    x += 1", (" -= 1", " += 1")),
        (["    return table[table] > 0"], "    return table[name] > 0", ("table] > 0", "name] > 0")),
        (["    return x"], "    return x + 1", ("x", "x + 1")),
    ],
)  # fmt: skip
def test_the_smallest_edit_begins_with_what_is_wrong_and_goes_on_until_it_is_unique(
    code: list[str], good: str, edit: tuple[str, str]
) -> None:
    from mini_model.smallest_edit import smallest_edit

    assert smallest_edit(code, 0, good) == edit


def test_an_edit_is_taken_back_by_one_that_is_unique() -> None:
    from mini_model.smallest_edit import undone

    before = "def f(a):\n    return a\n\n\ndef g(a):\n    return b\n"
    after = before.replace("b\n", "a\n")
    assert undone(before.replace("a\n\n", "c\n\n"), before.index("a\n\n"), "c", "a") == ("c", "a")
    assert undone(after, after.rindex("a\n"), "a", "b") is None
    first = before.replace("a\n\n", "b\n\n")
    assert undone(first, first.index("b"), "b", "a") == ("b\n\n\ndef g(a):", "a\n\n\ndef g(a):")


def test_the_edit_of_an_exercise_with_found_code_changes_one_line_of_what_was_read() -> None:
    from mini_model.found_code import exercise

    traces = [trace for seed in range(60) if (trace := exercise(random.Random(seed)))]
    assert len(traces) > 20
    for trace in traces:
        shown = RESPONSE.findall(trace.pieces[0][0])[-1]
        old, new = re.findall(r"<parameter=\w+_string>\n(.*?)\n</parameter>", trace.right, re.DOTALL)
        assert shown.count(old) == 1
        after = shown.replace(old, new)
        ast.parse(after)
        changed = [a for a, b in zip(shown.split("\n"), after.split("\n"), strict=True) if a != b]
        assert changed == [line for line, _ in trace.wrong]


def test_an_exercise_with_found_code_with_a_number_is_always_the_same() -> None:
    from mini_model.found_code import exercise

    one, other = (exercise(random.Random(7)) for _ in range(2))
    assert one == other
