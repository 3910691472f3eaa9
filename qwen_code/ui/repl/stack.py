"""Two containers for prompt-toolkit that do little, because they are drawn with every frame.

`Stack` puts containers below each other and measures each once a frame, where HSplit measures them four
times. `Lines` draws ready lines without the machinery of a window: no cursor, no scrolling, no wrapping.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prompt_toolkit.application import get_app
from prompt_toolkit.layout.containers import Container
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Char, Screen, WritePosition

from qwen_code.ui.painter import Line, Painter


class Lines(Container):
    """Lines made anew for each frame."""

    def __init__(self, lines: Callable[[int], Sequence[Line]], painter: Painter) -> None:
        """`lines` is told how many rows there are."""
        self._lines = lines
        self._painter = painter
        self._made: Sequence[Line] = ()
        self._cells: dict[tuple[str, str], Char] = {}

    def reset(self) -> None:
        self._made = ()

    def preferred_width(self, max_available_width: int) -> Dimension:
        return Dimension()

    def preferred_height(self, width: int, max_available_height: int) -> Dimension:
        self._made = self._lines(max_available_height)
        return Dimension.exact(len(self._made))

    def write_to_screen(
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        """The last lines that fit; what is too wide is cut."""
        at = write_position
        for number, line in enumerate(self._made[-at.height :]):
            row = screen.data_buffer[at.ypos + number]
            column, last = at.xpos, at.xpos
            for style, text in self._painter.fragments(line):
                for character in text:
                    cell = self._cell(character, style)
                    if cell.width == 0:  # an accent goes on top of what stands before it
                        row[last] = Char(row[last].char + character, row[last].style)
                        continue
                    if column + cell.width > at.xpos + at.width:
                        break
                    row[column] = cell
                    last, column = column, column + cell.width
        screen.width = max(screen.width, at.xpos + at.width)
        screen.height = max(screen.height, at.ypos + at.height)

    def get_children(self) -> list[Container]:
        return []

    def _cell(self, character: str, style: str) -> Char:
        cell = self._cells.get((character, style))
        if cell is None:
            if len(self._cells) > 10_000:
                self._cells.clear()
            cell = self._cells[character, style] = Char(character, style)
        return cell


class Stack(Container):
    """Containers below each other, each as high as it wants; the first gives way when there is no room."""

    def __init__(self, *shelves: tuple[Container, Callable[[], bool]]) -> None:
        """Each container with whether it is there."""
        self._shelves = shelves
        self._frame = -1
        self._heights: list[tuple[Container, int]] = []

    def reset(self) -> None:
        for container, _ in self._shelves:
            container.reset()

    def preferred_width(self, max_available_width: int) -> Dimension:
        return Dimension()

    def preferred_height(self, width: int, max_available_height: int) -> Dimension:
        frame = get_app().render_counter
        if frame != self._frame:
            self._frame = frame
            self._heights = [
                (container, container.preferred_height(width, max_available_height).preferred)
                for container, visible in self._shelves
                if visible()
            ]
        return Dimension.exact(sum(height for _, height in self._heights))

    def write_to_screen(
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        at = write_position
        wanted = self.preferred_height(at.width, at.height).preferred
        missing = max(0, wanted - at.height)
        row, end = at.ypos, at.ypos + at.height
        for container, height in self._heights:
            given = max(0, height - missing)
            missing -= height - given
            given = min(given, end - row)
            if given:
                place = WritePosition(xpos=at.xpos, ypos=row, width=at.width, height=given)
                container.write_to_screen(screen, mouse_handlers, place, parent_style, erase_bg, z_index)
                row += given
        screen.height = max(screen.height, end)

    def get_children(self) -> list[Container]:
        return [container for container, _ in self._shelves]
