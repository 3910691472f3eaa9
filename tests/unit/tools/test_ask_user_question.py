from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.tool import Question, ToolResult
from qwen_code.tools.ask_user_question import AskUserQuestion
from tests.support.tool_calls import Bench, Person, at_bench, failure

ASK = AskUserQuestion()


def test_the_answer_to_one_question_is_the_result(tmp_path: Path) -> None:
    async def body(bench: Bench) -> tuple[ToolResult, list[Question]]:
        result = await bench.call(ASK, questions=[{"question": "Which?", "options": ["a", "b"]}])
        person = bench.context.user
        assert isinstance(person, Person)
        return result, person.asked

    result, asked = at_bench(tmp_path, body, answers=["b"])
    assert (result.ok, result.for_model) == (True, "b")
    assert asked == [Question("Which?", ("a", "b"))]


def test_several_answers_stand_under_their_questions(tmp_path: Path) -> None:
    async def body(bench: Bench) -> str:
        return (await bench.call(ASK, questions=[{"question": "A?"}, {"question": "B?"}])).for_model

    assert at_bench(tmp_path, body, answers=["yes", ""]) == "A?\nyes\n\nB?\n(no answer)"


def test_where_nobody_is_the_model_is_told_to_go_on(tmp_path: Path) -> None:
    result = at_bench(tmp_path, lambda bench: bench.call(ASK, questions=[{"question": "A?"}]))
    assert result.for_model.startswith("Nobody is there to answer. Go on")


@pytest.mark.parametrize("questions", [[], [{"question": " "}], [{"question": "q"}] * 5, [{}], "q"])
def test_questions_that_can_t_be_asked_are_refused(tmp_path: Path, questions: object) -> None:
    assert failure(tmp_path, ASK, questions=questions).kind == "schema"
