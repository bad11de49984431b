"""Tables that lose nothing: on a terminal however narrow, and in a pipe or file without padding."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.measure import measure_renderables
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from glotmill.engine.text.visible import visible_line

GAP = 2  # spaces between columns


class TextTable(Table):
    """A table whose cells are texts of a dataset, as long as they may be.

    A terminal folds them wherever it must. In a pipe or file a row is one line, its cells separated by tabs.
    """

    def __init__(self, *headers: str) -> None:
        super().__init__(*headers, box=None, pad_edge=False)


def print_table(console: Console, table: Table) -> None:
    """Print a table whose words are whole: its lines may be wrapped between words, and nothing is cut to "…".

    On a terminal too narrow for that, each row becomes lines of its own: its first cell, then the others with their
    headings. In a pipe or file no line ends with spaces.

    Args:
        console: Where to; it may be a terminal.
        table: The table, without borders. Its cells are strings or Text.
    """
    for column in table.columns:
        column.overflow = "fold"
    if not console.is_terminal:
        lines = _separated(table) if isinstance(table, TextTable) else _aligned(console, table)
        console.print(Segments(map(Segment, lines), new_lines=True), soft_wrap=True)  # a string's tabs would be spaces
    elif isinstance(table, TextTable):
        console.print(table)
    elif widths := _widths(console, table):
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        console.print(table)
    else:
        _print_rows(console, table)


def _widths(console: Console, table: Table) -> list[int] | None:
    """Widths of the columns at which no word is broken; None where the console is too narrow for that."""
    unbounded = console.options.update(max_width=1_000_000)
    sizes = [
        measure_renderables(console, unbounded, [_text(console, cell) for cell in (column.header, *column.cells)])
        for column in table.columns
    ]
    widths = [size.minimum for size in sizes]
    spare = console.width - sum(widths) - GAP * (len(widths) - 1)
    if spare < 0:
        return None
    wishes = sorted((size.maximum - size.minimum, place) for place, size in enumerate(sizes))
    for done, (wish, place) in enumerate(wishes):  # the smallest first: what it leaves is shared by the others
        more = min(wish, spare // (len(wishes) - done))
        widths[place] += more
        spare -= more
    return widths


def _aligned(console: Console, table: Table) -> list[str]:
    return ["".join(segment.text for segment in line).rstrip() for line in console.render_lines(table, pad=False)]


def _separated(table: Table) -> list[str]:
    head = [column.header for column in table.columns]
    rows = zip(*(column.cells for column in table.columns), strict=True)
    return ["\t".join(_line(str(cell)) for cell in row).rstrip() for row in (head, *rows)]


def _line(text: str) -> str:
    return visible_line(text).replace("\t", "<U+0009>")


def _print_rows(console: Console, table: Table) -> None:
    for first, *others in zip(*(column.cells for column in table.columns), strict=True):
        console.print(_text(console, first), overflow="fold")
        for column, cell in zip(table.columns[1:], others, strict=True):
            line = Text.assemble(f"{column.header}: ", _text(console, cell))
            if line.plain.strip(": ") != column.header:  # an empty cell
                console.print(Padding(line, (0, 0, 0, 2)), overflow="fold")


def _text(console: Console, cell: RenderableType) -> Text:
    return cell if isinstance(cell, Text) else console.render_str(str(cell))
