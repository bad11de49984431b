"""Results as a notebook shows them: a line and a small table, every text of which is shown as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass
from html import escape
from typing import Any

from glotmill.engine.text.visible import visible
from glotmill.schemas.errors import shortened

MOST_ROWS = 50
MOST_CHARACTERS = 200  # of a cell

Table = Sequence[Sequence[object]]  # the first row is the head
View = tuple[str, Table]  # a line, and a table below it


class NotebookResult:
    """A result that a notebook shows as a line and a table: its fields, unless `notebook_view` says otherwise."""

    __slots__ = ()

    def notebook_view(self) -> View:
        """The line and the table."""
        names: list[str] = [part.name for part in fields(self)] if is_dataclass(self) else []
        return type(self).__name__, [(), *((name, getattr(self, name)) for name in names)]

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints: its fields, unless it says otherwise."""
        return asdict(self) if is_dataclass(self) else {}

    def _repr_html_(self) -> str:
        return html_of(self.notebook_view())


def html_of(view: View) -> str:
    """The HTML of a view, with nothing in it that a browser would run or load."""
    line, table = view
    head, *rows = table or [()]
    more = f"<p>and {len(rows) - MOST_ROWS:,} more rows</p>" if len(rows) > MOST_ROWS else ""
    body = "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in rows[:MOST_ROWS])
    names = f"<thead><tr>{_cells(head, 'th')}</tr></thead>" if any(head) else ""
    tables = f"<table>{names}<tbody>{body}</tbody></table>" if rows else ""
    return f"<div><p>{_text(line)}</p>{tables}{more}</div>"


def _cells(row: Sequence[object], tag: str) -> str:
    return "".join(f"<{tag}>{_text(cell)}</{tag}>" for cell in row)


def _text(cell: object) -> str:
    text = f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
    return escape(visible(shortened(text, MOST_CHARACTERS)))
