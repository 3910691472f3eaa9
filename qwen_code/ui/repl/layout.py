"""The region at the bottom: what still changes, the prompt or a question, completions, the status line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, has_completions, is_searching
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import ConditionalContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import (
    BufferControl,
    GetLinePrefixCallable,
    SearchBufferControl,
    UIContent,
    UIControl,
)
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import (
    AfterInput,
    ConditionalProcessor,
    HighlightIncrementalSearchProcessor,
    Processor,
    Transformation,
    TransformationInput,
)

from qwen_code.ui.painter import Fragments, Line, Painter
from qwen_code.ui.repl.desk import Desk
from qwen_code.ui.repl.view import View
from qwen_code.ui.terminal_text import JOINER, shown

PROMPT_ROWS = 10
"""Rows that a long prompt may take before it scrolls."""
MENU_ROWS = 8


class LinesControl(UIControl):
    """Shows lines as they are, made once a frame however often prompt-toolkit measures them."""

    def __init__(
        self, lines: Callable[[int], Sequence[Line]], painter: Painter, *, focusable: bool = False
    ) -> None:
        """`lines` is told how many rows there are."""
        self._lines = lines
        self._painter = painter
        self._focusable = focusable
        self._frame = -1
        self._fragments: list[Fragments] = []

    def preferred_height(
        self,
        width: int,
        max_available_height: int,
        wrap_lines: bool,
        get_line_prefix: GetLinePrefixCallable | None,
    ) -> int:
        return self.rows(max_available_height)

    def rows(self, available: int) -> int:
        """How many lines there are in this frame."""
        frame = get_app().render_counter
        if frame != self._frame:
            self._frame = frame
            self._fragments = [self._painter.fragments(line) for line in self._lines(available)]
        return len(self._fragments)

    def create_content(self, width: int, height: int) -> UIContent:
        fragments = self._fragments

        def line(number: int) -> StyleAndTextTuples:
            return list(fragments[number])

        return UIContent(get_line=line, line_count=len(fragments), show_cursor=False)

    def is_focusable(self) -> bool:
        return self._focusable


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
        self._desk = desk
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
            BufferControl(desk.entry, input_processors=[RevealHidden()]),
            get_line_prefix=lambda number, wrapped: self._sign(desk.entry_sign, "accent", number, wrapped),
            height=Dimension(min=1, max=PROMPT_ROWS),
            wrap_lines=True,
            dont_extend_height=True,
        )
        controls = [
            LinesControl(view.live_lines, painter),
            LinesControl(view.question_lines, painter, focusable=True),
            LinesControl(view.status_lines, painter),
        ]
        self._controls = controls
        live, self.question, status = (_lines_window(control) for control in controls)
        search_line = Window(
            self._search,
            height=1,
            get_line_prefix=lambda number, wrapped: self._sign("search history: ", "dim", number, wrapped),
        )
        menu = CompletionsMenu(max_height=MENU_ROWS, extra_filter=~desk.asking)
        self.root = HSplit(
            [
                live,
                ConditionalContainer(self.question, desk.asking),
                ConditionalContainer(self.entry, desk.entering),
                ConditionalContainer(self.prompt, ~desk.asking),
                ConditionalContainer(search_line, is_searching),
                menu,
                ConditionalContainer(status, ~has_completions | desk.asking),
            ]
        )
        self.layout = Layout(self.root, focused_element=self.prompt)

    def measures(self, available: int) -> object:
        """As long as this is the same, so is the number of rows that the region takes."""
        desk = self._desk
        rows = tuple(control.rows(available) for control in self._controls)
        return rows, desk.prompt.text, desk.entry.text, desk.prompt.complete_state, desk.panel, is_searching()

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


def _lines_window(control: LinesControl) -> Window:
    return Window(control, dont_extend_height=True, wrap_lines=False, always_hide_cursor=True)
