"""The region at the bottom: what still changes, the prompt or a question, completions, the status line."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Always, Condition, has_completions, is_searching
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import Layout, Window
from prompt_toolkit.layout.controls import (
    BufferControl,
    FormattedTextControl,
    GetLinePrefixCallable,
    SearchBufferControl,
)
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import (
    AfterInput,
    ConditionalProcessor,
    HighlightIncrementalSearchProcessor,
    PasswordProcessor,
    Processor,
    Transformation,
    TransformationInput,
)

from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.desk import Desk
from qwen_code.ui.repl.stack import Lines, Stack
from qwen_code.ui.repl.view import View
from qwen_code.ui.terminal_text import JOINER, shown

PROMPT_ROWS = 10
"""Rows that a long prompt may take before it scrolls."""
MENU_ROWS = 8


class RevealHidden(Processor):
    """Shows a mark in place of characters that would hide or reorder what was pasted."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        fragments: StyleAndTextTuples = [
            (style, _revealed(text)) for style, text, *_ in transformation_input.fragments
        ]
        return Transformation(fragments)


def _revealed(text: str) -> str:
    """As long as `text`, so that the cursor stays where it is."""
    if text.isascii() or shown(text) == text:
        return text
    return "".join(c if shown(c) == c or c == JOINER else "�" for c in text)


class Region:
    """All windows of the region, and who has the focus."""

    def __init__(self, painter: Painter, desk: Desk, view: View) -> None:
        self._painter = painter
        search = Buffer(multiline=False)
        self._search = SearchBufferControl(search)
        self.prompt = Window(
            BufferControl(
                desk.prompt,
                search_buffer_control=self._search,
                input_processors=self._processors(desk.prompt, view.hint),
                preview_search=True,
            ),
            get_line_prefix=self._prompt_prefix(desk.prompt),
            height=Dimension(min=1, max=PROMPT_ROWS),
            wrap_lines=True,
            dont_extend_height=True,
        )
        self.entry = Window(
            BufferControl(
                desk.entry,
                input_processors=[RevealHidden(), ConditionalProcessor(PasswordProcessor("•"), desk.hiding)],
            ),
            get_line_prefix=lambda number, wrapped: self._sign(desk.entry_sign, "accent", number, wrapped),
            height=Dimension(min=1, max=PROMPT_ROWS),
            wrap_lines=True,
            dont_extend_height=True,
        )
        self.question = Window(FormattedTextControl("", focusable=True, show_cursor=False), height=0)
        search_line = Window(
            self._search,
            height=1,
            get_line_prefix=lambda number, wrapped: self._sign("search history: ", "dim", number, wrapped),
        )
        menu = CompletionsMenu(max_height=MENU_ROWS)
        asking, entering = desk.asking, desk.entering
        self.root = Stack(
            (Lines(view.live_lines, painter), Always()),
            (Lines(view.question_lines, painter), asking),
            (self.question, asking),
            (self.entry, entering),
            (self.prompt, ~asking),
            (search_line, is_searching),
            (menu, has_completions & ~asking),
            (Lines(view.status_lines, painter), ~has_completions | asking),
        )
        self.layout = Layout(self.root, focused_element=self.prompt)

    def _processors(self, prompt: Buffer, hint: Callable[[], str]) -> list[Processor]:
        empty = Condition(lambda: not prompt.text)

        def dim_hint() -> StyleAndTextTuples:
            return [(self._painter.ptk_style("dim"), hint())]

        return [
            RevealHidden(),
            HighlightIncrementalSearchProcessor(),
            ConditionalProcessor(AfterInput(dim_hint), empty),
        ]

    def _prompt_prefix(self, prompt: Buffer) -> GetLinePrefixCallable:
        def prefix(number: int, wrapped: int) -> StyleAndTextTuples:
            shell = prompt.text.startswith("!")
            return self._sign("$ " if shell else "> ", "warn" if shell else "user", number, wrapped)

        return prefix

    def _sign(self, sign: str, style: str, number: int, wrapped: int) -> StyleAndTextTuples:
        first = number == 0 and wrapped == 0
        return [(self._painter.ptk_style(style), sign if first else " " * min(len(sign), 4))]
