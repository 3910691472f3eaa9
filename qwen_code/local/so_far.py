"""What a conversation holds so far that the next call of a small model can be held to."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from qwen_code.local.made_edit import MadeEdit
from qwen_code.local.outcomes import Outcomes, outcomes_of
from qwen_code.messages import Message, ToolCall

_WORD = re.compile(r"[^\W\d]\w*")
_USED = re.compile(
    r"(?<!def )(?<!class )(?<!\w)([^\W\d]\w*)\(|(?<=[\w)\]])\.([^\W\d]\w*)|<function ([^\W\d]\w*)"
)
_OF_TESTS = re.compile(r"[tT]est|assert|raises\Z|approx\Z|mark\Z|parametrize\Z|fixture\Z")
_OF_PYTHON = frozenset({*keyword.kwlist, *dir(builtins), "py", "date", "datetime", "timedelta"})
_NOTHING_RAISED = re.compile(r"^E .*(?: not raised|DID NOT RAISE)", re.MULTILINE)
_SHOWN = re.compile(r"^(\d+)\| ", re.MULTILINE)
_AROUND = 2
"""Lines that the tool shows before and behind an edit, numbered."""
_PATH = re.compile(r"(?<![\w./-])(\w[\w./-]*\.\w+):\d")
_TESTS = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py\Z")
_REPORTED = re.compile(r" -r\w+")
_NUMBER = re.compile(r"(?<![\w.])\d+(?!\w)")
_QUOTED = re.compile(r""""([^"\\\n]+)"|'([^'\\\n]+)'""")


@dataclass(frozen=True, slots=True)
class SoFar:
    """Edits, searches, and what can be named."""

    edits: tuple[MadeEdit, ...] = ()
    """In order, whatever became of them."""
    vain: tuple[str, ...] = ()
    """Patterns that nothing matched, or nothing but tests."""
    sought: frozenset[str] = frozenset()
    """Patterns of definitions of what a tool's answer shows in use; none if that is not known."""
    paths: frozenset[str] = frozenset()
    """Files of which a tool's answer names a line, but for those of tests."""
    tests: frozenset[str] = frozenset()
    """Files of tests, of the same."""
    numbers: frozenset[str] = frozenset()
    """All whole ones in answers of tools."""
    texts: frozenset[str] = frozenset()
    """What stands in quotes in what commands printed."""
    used: frozenset[str] = frozenset()
    """All words in what commands printed; none if a test says that nothing was raised: it shows no call."""
    test_run: str = ""
    """The command that ran the tests; empty if none did."""
    outcomes: Outcomes | None = None
    """What came of the edits, if they were tested."""

    @classmethod
    def of(cls, messages: Sequence[Message]) -> SoFar:
        """What `messages` hold."""
        answers = [message.text for message in messages if message.role == "tool"]
        vain = _vain_searches(messages)
        paths = frozenset(path for text in answers for path in _PATH.findall(text))
        tests = frozenset(filter(is_of_tests, paths))
        return cls(
            _edits_made(messages),
            vain,
            frozenset(_sought(answers, vain)),
            paths - tests,
            tests,
            numbers_of(answers),
            texts_of(_printed(messages)),
            words_of(_printed(messages)),
            _test_run(messages),
            outcomes_of(messages),
        )


def numbers_of(texts: Iterable[str]) -> frozenset[str]:
    """All whole numbers."""
    return frozenset(number for text in texts for number in _NUMBER.findall(text))


def texts_of(printed: Iterable[str]) -> frozenset[str]:
    """All that stands in quotes."""
    return frozenset(one or other for text in printed for one, other in _QUOTED.findall(text))


def is_of_tests(path: str) -> bool:
    """Whether pytest takes a file for one of tests."""
    return _TESTS.search(path) is not None


def words_of(printed: Iterable[str]) -> frozenset[str]:
    """All that look like names in what tests say; none where nothing was raised: no call is shown."""
    texts = list(printed)
    if any(map(_NOTHING_RAISED.search, texts)):
        return frozenset()
    return frozenset(word for text in texts for word in _WORD.findall(text))


def quiet(command: str) -> str:
    """A command that runs pytest, so that it prints only which test failed."""
    return f"{_REPORTED.sub('', command)} --tb=no"


def _test_run(messages: Sequence[Message]) -> str:
    """The first command that ran pytest; empty if none did."""
    calls = (call for message in messages for call in message.tool_calls)
    commands = (str(call.arguments.get("command", "")) for call in calls if call.name == "run_shell_command")
    return next((command for command in commands if "pytest" in command), "")


def _printed(messages: Sequence[Message]) -> Iterator[str]:
    calls = (call for message in messages for call in message.tool_calls)
    commands = {call.id for call in calls if call.name == "run_shell_command"}
    return (message.text for message in messages if message.tool_call_id in commands)


def _sought(answers: Sequence[str], vain: Collection[str]) -> set[str]:
    """Patterns that find where what is called may be defined; attributes too where that is all there is."""
    uses = [use for text in answers for use in _USED.finditer(text)]
    called = {_definition(use) for use in uses if use[1] or use[3] or use.string.startswith("(", use.end())}
    patterns = called if called - {"", *vain} else {*called, *map(_definition, uses)}
    return patterns - {""}


def _definition(use: re.Match[str]) -> str:
    """What finds its definition; nothing where that is not in the project."""
    name = next(filter(None, use.groups()))
    if name in _OF_PYTHON or _OF_TESTS.match(name):
        return ""
    return f"{'class' if name[0].isupper() else 'def'} {name}"


def _edits_made(messages: Sequence[Message]) -> tuple[MadeEdit, ...]:
    answers = {message.tool_call_id: message.text for message in messages if message.role == "tool"}
    calls = (call for message in messages for call in message.tool_calls if call.name == "edit")
    return tuple(_made(call, answers.get(call.id, "")) for call in calls)


def _made(call: ToolCall, answer: str) -> MadeEdit:
    path, old, new = (
        str(call.arguments.get(key, "")).encode() for key in ("file_path", "old_string", "new_string")
    )
    shown = [int(number) for number in _SHOWN.findall(answer)]
    if not shown:
        return MadeEdit(path, old, new)
    line = shown[0] + _AROUND if shown[0] > 1 else shown[-1] - _AROUND - new.count(b"\n")
    return MadeEdit(path, old, new, max(line, 1))


def _vain_searches(messages: Sequence[Message]) -> tuple[str, ...]:
    """Patterns of searches that found nothing, or something in tests only."""
    answers = {m.tool_call_id: m.text for m in messages if m.role == "tool"}
    calls = (call for message in messages for call in message.tool_calls if call.name == "grep_search")
    vain = (call for call in calls if call.id in answers and _is_vain(answers[call.id]))
    return tuple(str(call.arguments.get("pattern", "")) for call in vain)


def _is_vain(answer: str) -> bool:
    paths = _PATH.findall(answer)
    return answer.startswith("No matches for ") or (bool(paths) and all(map(is_of_tests, paths)))
