from __future__ import annotations

import asyncio
import json

import pytest

from qwen_code.agent.structured import StructuredAnswer, read_schema
from qwen_code.errors import UsageError
from qwen_code.events import Corrected, Outcome
from tests.support.agents import calls, ended, make_agent, play, says

SCHEMA = {
    "type": "object",
    "properties": {"files": {"type": "array", "items": {"type": "string"}}, "ok": {"type": "boolean"}},
    "required": ["files", "ok"],
}
GOOD = {"files": ["a.py"], "ok": True}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        f"```json\n{json.dumps(GOOD, indent=2)}\n```",
        f"Here it is:\n\n```json\n{json.dumps(GOOD)}\n```\nThat is all.",
        f"I found this: {json.dumps(GOOD)}. Good luck!",
    ],
)
def test_the_document_is_found_in_the_answer(text: str) -> None:
    answer = StructuredAnswer(SCHEMA)
    assert answer.complaint(text) is None
    assert answer.value == GOOD


def test_the_complaint_says_where_and_what() -> None:
    complaint = StructuredAnswer(SCHEMA).complaint('{"files": ["a", 3], "ok": true}')
    assert complaint is not None
    assert "at $.files[1]: 3 is not of type 'string'" in complaint.text


def test_what_is_no_schema_is_said_at_once() -> None:
    for text in ("{", "[]", '{"type": "strange"}'):
        with pytest.raises(UsageError, match="json-schema"):
            StructuredAnswer(read_schema(text))


def test_a_schema_never_reaches_for_the_network() -> None:
    answer = StructuredAnswer({"$ref": "http://127.0.0.1:9/schema.json"})
    with pytest.raises(UsageError, match="refers to"):
        answer.complaint("{}")


def test_an_answer_that_does_not_fit_is_asked_again_and_held_to_the_schema() -> None:
    agent, backend = make_agent(
        [calls(("echo", {"text": "a"})), says("All is well."), says('{"files": []}'), says(json.dumps(GOOD))]
    )
    agent.structured = StructuredAnswer(SCHEMA)
    events = asyncio.run(play(agent, "Check it."))
    end = ended(events)
    assert (end.outcome, end.structured) == (Outcome.DONE, GOOD)
    assert "one JSON document" in backend.prompts[0].messages[0].text
    told = [event.text for event in events if isinstance(event, Corrected)]
    assert ["it is not one JSON document" in told[0], "'ok' is a required property" in told[1]] == [True] * 2
    assert [prompt.answer_schema for prompt in backend.prompts] == [None, None, SCHEMA, SCHEMA]


def test_after_two_complaints_the_run_is_unfinished_and_says_why() -> None:
    agent, backend = make_agent([says("No."), says("No!"), says("Never.")])
    agent.structured = StructuredAnswer(SCHEMA)
    end = ended(asyncio.run(play(agent)))
    assert end.outcome is Outcome.UNFINISHED
    assert "does not fit --json-schema" in end.detail
    assert end.structured is None
    assert len(backend.prompts) == 3
