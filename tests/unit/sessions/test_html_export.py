from __future__ import annotations

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from qwen_code.events import (
    AnswerEnded,
    Corrected,
    Event,
    Outcome,
    ToolFinished,
    TurnEnded,
    TurnStarted,
    VerificationFinished,
    encode,
)
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.sessions.html_export import as_html
from qwen_code.sessions.restore import restore
from qwen_code.tool import CommandBlock, DiffBlock
from tests.unit.sessions.told import header

EVIL = (
    "</pre></details><script>alert(1)</script><img src=x onerror=alert(2)><a href=javascript:alert(3)>x</a>"
    "![i](http://evil.example/x.png) [l](javascript:alert(4)) <javascript:alert(5)> "
    "</style><style>*{}</style>"
    '\x1b[31m\x00&lt;b&gt; " onload="x" \' <!-- --> ]]> <svg/onload=alert(6)>\n'
    "\n<iframe src=//evil>\n\n[a]: http://e\n"
)
MADE_HERE = (
    "html head meta title style body header h1 h2 h3 dl div dt dd main section a details summary pre code "
    "span p strong em ul ol li table thead tbody tr th td blockquote hr br"
)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def hostile_events(text: str) -> list[Event]:
    call = ToolCall(text, text, {"file_path": text, text: [text]})
    return [
        TurnStarted(text),
        AnswerEnded(Message("assistant", text, text, (call,)), Usage()),
        ToolFinished(call, True, text, DiffBlock(text, text, 1, 2)),
        AnswerEnded(
            Message("assistant", f"| a |\n|---|\n| {text} |\n\n```{text}\n{text}\n```\n# {text}"), Usage()
        ),
        ToolFinished(call, False, text, CommandBlock(text, text, text, 1)),
        Corrected("loop", text),
        VerificationFinished(text, False, text, 1),
        TurnEnded(Outcome.FAILED, detail=text),
        TurnStarted(text),
    ]


def page(text: str) -> str:
    record = header().encode() | dict.fromkeys(("cwd", "model", "git_branch"), text)
    return as_html(restore([record, {"type": "title", "title": text}, *map(encode, hostile_events(text))]))


def test_nothing_that_was_said_can_become_markup() -> None:
    parser = Tags()
    html = page(EVIL)
    parser.feed(html)
    assert parser.open == []
    harmless = Tags()
    harmless.feed(page("harmless"))
    assert {tag for tag, _ in parser.tags} <= set(MADE_HERE.split())
    assert [tag for tag, _ in parser.tags].count("a") == [tag for tag, _ in harmless.tags].count("a") == 2
    for tag, attributes in parser.tags:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset")
        ]
        assert tag != "a" or str(attributes["href"]).startswith("#turn-")
    assert "\x1b" not in html
    assert "\x00" not in html


def test_the_page_loads_nothing_and_forbids_what_could() -> None:
    html = page("x")
    assert "default-src 'none'" in html
    assert not [
        word for word in ("http://", "https://", "@import", "url(", "<script", "<link") if word in html
    ]
    assert "prefers-color-scheme: dark" in html


def test_every_event_that_a_person_saw_is_there() -> None:
    html = page("marker")
    assert html.count("marker") > 20
    assert '<span class="counts">+1 &minus;2</span>' in html
    assert "Verification failed" in html


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_no_script_runs_in_a_real_browser(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page(EVIL), encoding="utf-8", errors="surrogateescape")
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --virtual-time-budget=2000 --dump-dom"
    )
    command = [
        "chromium",
        *flags.split(),
        f"--user-data-dir={tmp_path}/profile",
        f"file://{tmp_path}/page.html",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "<script" not in done.stdout
    assert done.stdout.count("<iframe") == 0
    assert done.stdout.count("<section") == 2
