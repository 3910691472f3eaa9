"""Jinja twins of the chat templates that Qwen's GGUF files carry, to render against.

Written for these tests from the behaviour of Qwen's own templates. They go into the tiny models, and the
product's renderers are compared with them, token by token.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

MINI = (Path(__file__).parents[2] / "examples/mini_model/mini_model/template.jinja").read_text("utf-8")
"""That of the bundled model, which is not told of its tools."""

QWEN3_CODER = r"""
{%- macro value(v) -%}
{%- if v is string or v is number or v is boolean or v is none -%}{{ v | string }}
{%- else -%}{{ v | tojson }}{%- endif -%}
{%- endmacro -%}
{%- macro rest(object, known) -%}
{%- for key, v in object.items() if key not in known -%}
{{ '\n<' ~ key ~ '>' ~ value(v) ~ '</' ~ key ~ '>' }}
{%- endfor -%}
{%- endmacro -%}
{%- macro describe(object) -%}
{%- if object.description is defined -%}
{{ '\n<description>' ~ object.description.strip() ~ '</description>' }}
{%- endif -%}
{%- endmacro -%}
{%- macro signature(f) -%}
{{ '\n<function>\n<name>' ~ f.name ~ '</name>' ~ describe(f) ~ '\n<parameters>' }}
{%- for name, p in (f.parameters.properties or {}).items() -%}
{{ '\n<parameter>\n<name>' ~ name ~ '</name>' }}
{%- if p.type is defined -%}{{ '\n<type>' ~ (p.type | string) ~ '</type>' }}{%- endif -%}
{{ describe(p) ~ rest(p, ['name', 'type', 'description']) ~ '\n</parameter>' }}
{%- endfor -%}
{{ rest(f.parameters, ['type', 'properties']) ~ '\n</parameters>' }}
{{- rest(f, ['type', 'name', 'description', 'parameters']) ~ '\n</function>' }}
{%- endmacro -%}
{%- set first = messages[0] if messages and messages[0].role == 'system' else none -%}
{%- set turns = messages[1:] if first else messages -%}
{%- if first or tools -%}
{{ '<|im_start|>system\n' ~ (first.content if first else 'You are Qwen, a helpful AI assistant that '
  ~ 'can interact with a computer to solve tasks.') }}
{%- if tools -%}
{{ '\n\n# Tools\n\nYou have access to the following functions:\n\n<tools>' }}
{%- for tool in tools -%}{{ signature(tool.function) }}{%- endfor -%}
{{ '\n</tools>\n\nIf you choose to call a function ONLY reply in the following format with NO suffix:\n\n'
  ~ '<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>\nvalue_1\n</parameter>\n'
  ~ '<parameter=example_parameter_2>\nThis is the value for the second parameter\nthat can span\n'
  ~ 'multiple lines\n</parameter>\n</function>\n</tool_call>\n\n<IMPORTANT>\nReminder:\n'
  ~ '- Function calls MUST follow the specified format: an inner <function=...></function> block must be '
  ~ 'nested within <tool_call></tool_call> XML tags\n- Required parameters MUST be specified\n'
  ~ '- You may provide optional reasoning for your function call in natural language BEFORE the function '
  ~ 'call, but NOT after\n- If there is no function call available, answer the question like normal with '
  ~ 'your current knowledge and do not tell the user about function calls\n</IMPORTANT>' }}
{%- endif -%}
{{ '<|im_end|>\n' }}
{%- endif -%}
{%- for m in turns -%}
{%- if m.role == 'tool' -%}
{%- if loop.previtem and loop.previtem.role != 'tool' -%}{{ '<|im_start|>user\n' }}{%- endif -%}
{{ '<tool_response>\n' ~ m.content ~ '\n</tool_response>\n' }}
{%- if loop.last or loop.nextitem.role != 'tool' -%}{{ '<|im_end|>\n' }}{%- endif -%}
{%- elif m.tool_calls -%}
{{ '<|im_start|>assistant' }}
{%- if m.content and m.content.strip() -%}{{ '\n' ~ m.content.strip() ~ '\n' }}{%- endif -%}
{%- for call in m.tool_calls -%}
{{ '\n<tool_call>\n<function=' ~ call.function.name ~ '>\n' }}
{%- for name, v in call.function.arguments.items() -%}
{{ '<parameter=' ~ name ~ '>\n' ~ value(v) ~ '\n</parameter>\n' }}
{%- endfor -%}
{{ '</function>\n</tool_call>' }}
{%- endfor -%}
{{ '<|im_end|>\n' }}
{%- else -%}
{{ '<|im_start|>' ~ m.role ~ '\n' ~ m.content ~ '<|im_end|>\n' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}
""".strip()

HERMES = r"""
{%- set first = messages[0] if messages and messages[0].role == 'system' else none -%}
{%- set turns = messages[1:] if first else messages -%}
{%- if first or tools -%}
{{ '<|im_start|>system\n' ~ (first.content if first else '') }}
{%- if tools -%}
{{ ('\n\n' if first else '') ~ '# Tools\n\nYou may call one or more functions to assist with the user query.'
  ~ '\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>' }}
{%- for tool in tools -%}{{ '\n' ~ (tool | tojson) }}{%- endfor -%}
{{ '\n</tools>\n\nFor each function call, return a json object with function name and arguments within '
  ~ '<tool_call></tool_call> XML tags:\n<tool_call>\n'
  ~ '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>' }}
{%- endif -%}
{{ '<|im_end|>\n' }}
{%- endif -%}
{%- for m in turns -%}
{%- if m.role == 'tool' -%}
{%- if loop.first or loop.previtem.role != 'tool' -%}{{ '<|im_start|>user' }}{%- endif -%}
{{ '\n<tool_response>\n' ~ m.content ~ '\n</tool_response>' }}
{%- if loop.last or loop.nextitem.role != 'tool' -%}{{ '<|im_end|>\n' }}{%- endif -%}
{%- elif m.tool_calls -%}
{{ '<|im_start|>assistant' }}{{ '\n' ~ m.content if m.content else '' }}
{%- for call in m.tool_calls -%}
{{ '\n<tool_call>\n{"name": "' ~ call.function.name ~ '", "arguments": '
  ~ (call.function.arguments | tojson) ~ '}\n</tool_call>' }}
{%- endfor -%}
{{ '<|im_end|>\n' }}
{%- else -%}
{{ '<|im_start|>' ~ m.role ~ '\n' ~ m.content ~ '<|im_end|>\n' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}
""".strip()


def render(
    template: str,
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]] | None = None,
    *,
    add_generation_prompt: bool = True,
) -> str:
    """Render as Hugging Face's tokenizers do: blocks trimmed, JSON with its characters unescaped."""
    return _compiled(template).render(
        messages=messages, tools=tools, add_generation_prompt=add_generation_prompt
    )


@cache
def _compiled(template: str) -> Any:
    import jinja2

    def tojson(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = tojson
    return environment.from_string(template)
