from __future__ import annotations

from pathlib import Path

import pytest

import qwen_code
from qwen_code.backends.token_estimate import PromptMeter, estimate_tokens
from qwen_code.messages import Message, Prompt, ToolCall, Usage
from tests.support import qwen_tokens
from tests.unit.backends.asking import TOOLS

PYTHON = '''def merge(intervals: list[Interval]) -> list[Interval]:
    """Join what overlaps."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda i: i.start):
        if merged and interval.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return merged
'''

TEXTS = [
    PYTHON,
    "The quick brown fox jumps over the lazy dog, and then it sleeps for a while.\n",
    '{"id": 17, "name": "alpha", "tags": ["x", "y"], "done": false}\n',
    "1048576 65536 3.14159\n",
    "d41d8cd98f00b204e9800998ecf8427e",
    "模型服务的上下文长度限制为三万二千个令牌，请缩短输入内容后重试。",
    "Он читает файлы, изменяет код и запускает тесты.",
]


@pytest.mark.parametrize("text", TEXTS)
def test_an_estimate_is_not_below_the_true_count_and_not_far_above(text: str) -> None:
    true = qwen_tokens.count(text)
    assert true <= estimate_tokens(text) <= 1.8 * true + 2


SOURCES = sorted(Path(qwen_code.__file__).parent.rglob("*.py"))[::12]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_whole_files_are_estimated_rather_high(path: Path) -> None:
    text = path.read_text()
    true = qwen_tokens.count(text)
    assert 0.95 * true <= estimate_tokens(text) <= 1.5 * true + 10


def test_long_ruled_lines_are_not_counted_by_character() -> None:
    assert estimate_tokens("=" * 400 + "-" * 400) < 60


def test_a_text_twice_as_long_costs_twice_as_much() -> None:
    once = estimate_tokens(PYTHON)
    assert 1.9 * once <= estimate_tokens(PYTHON * 2) <= 2.1 * once


USER = Message("user", PYTHON)
CALLING = Message("assistant", "I look.", tool_calls=(ToolCall("c", "glob", {"pattern": "*.py"}),))
RESULT = Message("tool", PYTHON, tool_call_id="c")


def test_every_part_of_a_prompt_counts() -> None:
    meter = PromptMeter()
    sizes = [
        meter.count(prompt)
        for prompt in (
            Prompt("", (), ()),
            Prompt("Be brief.", (), ()),
            Prompt("Be brief.", TOOLS, ()),
            Prompt("Be brief.", TOOLS, (USER,)),
            Prompt("Be brief.", TOOLS, (USER, CALLING)),
            Prompt("Be brief.", TOOLS, (USER, CALLING, RESULT)),
        )
    ]
    assert sizes == sorted(set(sizes))


def test_what_the_server_counted_replaces_the_estimate_of_that_part() -> None:
    meter = PromptMeter()
    asked = Prompt("s", TOOLS, (USER,))
    meter.observe(asked, Usage(prompt_tokens=5000))
    assert meter.count(asked) == 5000
    longer = Prompt("s", TOOLS, (USER, CALLING, RESULT))
    assert 5000 < meter.count(longer) < 5400


def test_a_server_that_counts_nothing_changes_nothing() -> None:
    meter = PromptMeter()
    asked = Prompt("s", TOOLS, (USER,))
    before = meter.count(asked)
    meter.observe(asked, Usage())
    assert meter.count(asked) == before


def test_a_rewritten_history_is_estimated_anew() -> None:
    meter = PromptMeter()
    meter.observe(Prompt("s", (), (USER, CALLING)), Usage(prompt_tokens=90_000))
    assert meter.count(Prompt("s", (), (Message("user", "Summary."),))) < 200
    assert meter.count(Prompt("another system prompt", (), (USER, CALLING))) < 1000


def test_estimates_are_calibrated_by_what_the_server_counts() -> None:
    """A server whose template makes everything half as long again: later estimates follow it, also for a
    conversation that was rewritten."""
    meter, plain = PromptMeter(), PromptMeter()
    messages: list[Message] = [USER]
    for turn in range(6):
        prompt = Prompt("s", TOOLS, tuple(messages))
        meter.observe(prompt, Usage(prompt_tokens=plain.count(prompt) * 3 // 2))
        messages += [CALLING, Message("tool", PYTHON + str(turn), tool_call_id="c")]
    longer, rewritten = Prompt("s", TOOLS, tuple(messages)), Prompt("s", TOOLS, tuple(messages[2:]))
    for asked in (longer, rewritten):
        assert 1.35 <= meter.count(asked) / plain.count(asked) <= 1.6


def test_counting_a_draft_of_another_conversation_forgets_nothing() -> None:
    meter = PromptMeter()
    asked = Prompt("s", TOOLS, (USER, CALLING, RESULT))
    meter.observe(asked, Usage(prompt_tokens=5000))
    meter.count(Prompt("s", TOOLS, (Message("user", "Summary."),)))
    assert meter.count(asked) == 5000
