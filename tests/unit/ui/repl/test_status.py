from __future__ import annotations

from qwen_code.events import AnswerEnded, Compacted, RequestStarted, TextDelta
from qwen_code.messages import Message, Usage
from qwen_code.permissions.decision import Mode
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.status import Meter, status_line


def meter(usage: Usage, *, window: int | None = 32_768) -> Meter:
    it = Meter(window=window)
    it.take(RequestStarted(1), 0.0)
    it.take(TextDelta("x"), 1.0)
    it.take(AnswerEnded(Message("assistant"), usage), 3.0)
    return it


def line(it: Meter, *, width: int = 120, location: str = "local", flash: str = "") -> str:
    painter = Painter(width, "mono", environ={})
    return status_line(
        painter, mode=Mode.DEFAULT, model="qwen/qwen3-coder", location=location, meter=it, flash=flash
    ).plain.strip()


def test_the_line_says_mode_model_and_place_before_anything_is_known() -> None:
    assert line(Meter()) == "default · qwen3-coder · local"
    assert line(Meter(), location="openrouter.ai") == "default · qwen3-coder @ openrouter.ai"


def test_context_cache_speed_and_cost_follow() -> None:
    it = meter(Usage(8000, 6000, 192, decode_s=2.0, cost_usd=0.031))
    assert line(it) == "default · qwen3-coder · local · 25% of 32.8k · 75% cached · 96 tok/s · $0.03"


def test_speed_is_taken_from_the_clock_where_the_server_does_not_say() -> None:
    assert "50 tok/s" in line(meter(Usage(8000, 0, 100)))


def test_without_a_known_window_the_tokens_are_shown_alone() -> None:
    assert "8.1k tokens" in line(meter(Usage(8000, 0, 100), window=None))


def test_costs_add_up() -> None:
    it = meter(Usage(10, 0, 1, cost_usd=0.001))
    assert "<$0.01" in line(it)
    it.take(AnswerEnded(Message("assistant"), Usage(10, 0, 1, cost_usd=0.5)), 4.0)
    assert "$0.50" in line(it)


def test_compaction_empties_the_meter() -> None:
    it = meter(Usage(30_000, 0, 10))
    it.take(Compacted(30_000, 3277), 5.0)
    assert "10% of 32.8k" in line(it)


def test_an_answer_without_usage_leaves_what_is_known() -> None:
    it = meter(Usage(8000, 0, 100))
    it.take(AnswerEnded(Message("assistant"), Usage()), 9.0)
    assert "25% of" in line(it)


def test_a_narrow_line_loses_its_end_first() -> None:
    it = meter(Usage(8000, 6000, 192, decode_s=2.0))
    assert line(it, width=50) == "default · qwen3-coder · local · 25% of 32.8k"


def test_a_passing_remark_takes_the_place() -> None:
    assert line(Meter(), flash="Ctrl+C again leaves.") == "Ctrl+C again leaves."
