"""A session as one HTML page that can be kept, mailed and printed: no script, no asset from anywhere.

Whatever a model, a file or a command said is text here. Markdown in answers is laid out by markdown-it with
HTML, links and images switched off; everything else is escaped. A content security policy in the page forbids
what a mistake of ours could let in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from qwen_code.events import (
    AnswerEnded,
    Compacted,
    Corrected,
    Event,
    Steered,
    ToolFinished,
    TurnEnded,
    TurnStarted,
    VerificationFinished,
)
from qwen_code.messages import ToolCall
from qwen_code.sessions.plain_text import harmless, one_line
from qwen_code.sessions.restore import Restored
from qwen_code.tool import CommandBlock, DiffBlock

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_WITHOUT = ("html_block", "html_inline", "link", "image", "autolink", "reference", "entity")


def as_html(session: Restored) -> str:
    """The page."""
    header = session.header
    prompts = [event.prompt for event in session.events if isinstance(event, TurnStarted)]
    title = _text(one_line(session.title or (prompts[0] if prompts else ""), 120) or header.id)
    facts = [
        ("session", header.id),
        ("begun", header.created),
        ("model", header.model),
        ("folder", header.cwd),
        ("branch", header.git_branch),
        ("turns", str(len(prompts))),
        ("tokens", f"{session.usage.prompt_tokens:,} read, {session.usage.completion_tokens:,} written"),
    ]
    rows = "".join(f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>" for name, value in facts if value)
    style = (files("qwen_code.sessions") / "page.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{title}</h1>\n<dl>{rows}</dl>\n</header>\n<main>\n"
        f"{''.join(_Page().sections(session.events))}"
        "</main>\n</body>\n</html>\n"
    )


class _Page:
    """Lays out events one after the other; a turn is a section."""

    def __init__(self) -> None:
        self._markdown = _markdown()
        self._turn = 0

    def sections(self, events: Iterable[Event]) -> Iterable[str]:
        for event in events:
            yield from self._shown(event)
        if self._turn:
            yield "</section>\n"

    def _shown(self, event: Event) -> Iterable[str]:
        match event:
            case TurnStarted(prompt):
                if self._turn:
                    yield "</section>\n"
                self._turn += 1
                place = f"turn-{self._turn}"
                yield f'<section id="{place}">\n<h2><a href="#{place}">{self._turn}</a></h2>\n'
                yield f'<div class="prompt">{_text(prompt)}</div>\n'
            case Steered(text):
                yield f'<div class="prompt">{_text(text)}</div>\n'
            case AnswerEnded(message=message):
                if message.reasoning:
                    yield _details("thought", "Reasoning", f"<pre>{_text(message.reasoning)}</pre>")
                if message.text:
                    yield f'<div class="answer">{self._markdown.render(harmless(message.text))}</div>\n'
            case ToolFinished():
                yield _call(event)
            case Corrected(reason, text):
                yield _details(
                    "note", f"qwen-code told the model ({_text(reason)})", f"<pre>{_text(text)}</pre>"
                )
            case VerificationFinished(command, passed, output):
                heading = f"Verification {'passed' if passed else 'failed'}: <code>{_text(command)}</code>"
                yield _details("ok" if passed else "failed", heading, f"<pre>{_text(output)}</pre>")
            case Compacted():
                yield f'<p class="note">Shortened from {event.before:,} to {event.after:,} tokens.</p>\n'
            case TurnEnded(outcome, detail=detail) if detail:
                yield f'<p class="note">{_text(outcome.value)}: {_text(detail)}</p>\n'
            case _:
                pass


def _call(event: ToolFinished) -> str:
    block = event.for_user
    heading = f"{_text(event.call.name)} <code>{_text(one_line(_subject(event.call), 160))}</code>"
    body = ""
    if isinstance(block, DiffBlock):
        heading += f' <span class="counts">+{block.added} &minus;{block.removed}</span>'
        body = _diff(block.diff)
    elif isinstance(block, CommandBlock):
        body = f"<pre>$ {_text(block.command)}\n{_text(block.output)}</pre>"
    if not event.ok:
        heading += ' <span class="mark">failed</span>'
    arguments = json.dumps(event.call.arguments, indent=2, ensure_ascii=False)
    told = f"<h3>Arguments</h3><pre>{_text(arguments)}</pre><h3>What the model was given</h3>"
    body += _details("raw", "Call and result", f"{told}<pre>{_text(event.for_model)}</pre>")
    return _details("ok" if event.ok else "failed", heading, body, opened=isinstance(block, DiffBlock))


def _subject(call: ToolCall) -> str:
    """What a call is about: its first argument that is a text."""
    return next((value for value in call.arguments.values() if isinstance(value, str)), "")


def _diff(diff: str) -> str:
    kinds = {"+": "add", "-": "del", "@": "hunk"}
    lines = [
        f'<span class="{kinds.get(line[:1], "ctx")}">{_text(line)}\n</span>' for line in diff.splitlines()
    ]
    return f'<pre class="diff">{"".join(lines)}</pre>'


def _details(kind: str, heading: str, body: str, *, opened: bool = False) -> str:
    """`heading` and `body` are markup made here, not text."""
    state = " open" if opened else ""
    return f'<details class="{kind}"{state}>\n<summary>{heading}</summary>\n{body}\n</details>\n'


def _text(text: str) -> str:
    return escape(harmless(text))


def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(_WITHOUT)
