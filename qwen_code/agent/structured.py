"""A last answer that is JSON of a given schema (`--json-schema`): asked for, found, checked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from qwen_code.agent.registry import PACKAGE
from qwen_code.agent.report import Complaint
from qwen_code.errors import UsageError

_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)


class StructuredAnswer:
    """One schema, and the document that answered to it."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """
        Raises:
            UsageError: it is not a JSON schema.
        """
        import referencing
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import validator_for

        kind: Any = validator_for(schema)
        try:
            kind.check_schema(schema)
        except SchemaError as error:
            raise UsageError(f"--json-schema is no JSON schema: {_line(error.message)}.") from None
        registries: Any = referencing
        # With a registry of its own it never fetches what `$ref` names.
        self._validator: Any = kind(schema, registry=registries.Registry())
        self.schema = schema
        self.value: Any = None
        """The document, once an answer held a valid one."""

    def asked(self, prompt: str) -> str:
        """`prompt`, and what is expected of the last answer."""
        template = (PACKAGE / "prompts" / "structured_answer.md").read_text("utf-8").strip()
        schema = json.dumps(self.schema, ensure_ascii=False)
        return template.replace("{schema}", schema).replace("{prompt}", prompt)

    def complaint(self, text: str) -> Complaint | None:
        """What is wrong with an answer; None when it is the document, which is `value` from then on."""
        problems: list[str] = []
        for document in _documents(text):
            problem = self._problem(document)
            if not problem:
                self.value = document
                return None
            problems.append(problem)
        problem = problems[0] if problems else "it is not one JSON document"
        return Complaint(
            "schema",
            f"Your answer does not fit the schema: {problem}. Answer again with the whole JSON document.",
            f"The model's answer does not fit --json-schema: {problem}.",
        )

    def _problem(self, document: Any) -> str:
        import jsonschema.exceptions
        from referencing.exceptions import Unresolvable

        exceptions: Any = jsonschema.exceptions
        try:
            error = exceptions.best_match(self._validator.iter_errors(document))
        except Unresolvable as missing:
            raise UsageError(f"--json-schema refers to {missing}, which it does not hold.") from None
        if error is None:
            return ""
        return f"at {error.json_path}: {_line(error.message)}"


def _documents(text: str) -> Iterator[Any]:
    """What in `text` may be the document: all of it, a fenced block (the last first), what braces enclose."""
    candidates = [text, *reversed(_FENCED.findall(text))]
    for opener, closer in ("{}", "[]"):
        start, end = text.find(opener), text.rfind(closer)
        if 0 <= start < end:
            candidates.append(text[start : end + 1])
    for candidate in candidates:
        try:
            yield json.loads(candidate)
        except (ValueError, RecursionError):
            continue


def read_schema(text: str) -> dict[str, Any]:
    """A schema from JSON.

    Raises:
        UsageError: it is no JSON object.
    """
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--json-schema takes JSON, or @FILE: {_line(str(error))}.") from None
    if not isinstance(value, dict):
        raise UsageError("--json-schema takes a JSON object that describes the answer.")
    return cast("dict[str, Any]", value)


def _line(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= 300 else line[:297] + "..."
