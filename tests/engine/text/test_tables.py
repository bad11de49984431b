"""Tables keep every word on any terminal, and a pipe gets no padding."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from glotmill.engine.text.tables import TextTable, print_table

REASONS = "100 (language_id.mass 10, round_trip.chrf 90, user.my_own_name_of_a_rule 1)"


def printed(table: Table, width: int, *, terminal: bool) -> str:
    out = io.StringIO()
    print_table(Console(file=out, width=width, force_terminal=terminal, color_system=None), table)
    return out.getvalue()


def reasons() -> Table:
    table = Table("language", "rows", "kept", "dropped", "failed", "warned", box=None, pad_edge=False)
    table.add_row("deu_Latn German", "1,000", "900", REASONS, "0", "3 (structure.markup 3)")
    return table


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 1000])
def test_a_reason_code_is_whole_on_a_terminal_of_any_width(width: int):
    shown = printed(reasons(), width, terminal=True)
    codes = ("language_id.mass", "round_trip.chrf", "user.my_own_name_of_a_rule", "structure.markup")
    assert [code for code in codes if code not in shown] == []
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width


def test_a_narrow_terminal_gets_a_line_for_each_cell_with_its_heading():
    lines = [line.rstrip() for line in printed(reasons(), 60, terminal=True).splitlines()]
    assert lines[:3] == ["deu_Latn German", "  rows: 1,000", "  kept: 900"]


@given(st.lists(st.text("ab .", max_size=30), min_size=3, max_size=3), st.integers(10, 100))
def test_every_word_that_fits_a_terminal_is_whole(cells: list[str], width: int):
    table = Table("x", "y", "z", box=None, pad_edge=False)
    table.add_row(*cells)
    shown = printed(table, width, terminal=True).split()
    assert [word for cell in cells for word in cell.split() if len(word) < width - 6 and word not in shown] == []


def test_a_pipe_gets_aligned_columns_without_spaces_at_the_end():
    table = reasons()
    table.add_row("ces_Latn Czech", "1", "", "", "", "")
    lines = printed(table, 1000, terminal=False).splitlines()
    assert lines[2] == "ces_Latn Czech   1"
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_pipe_gets_texts_as_cells_separated_by_tabs():
    table = TextTable("turn", "source", "German")
    table.add_row("user", Text("A\tdog\nruns."), "x" * 3000)
    table.add_row("assistant", "[b]Yes[/b]:dog:", "")
    assert printed(table, 80, terminal=False).splitlines() == [
        "turn\tsource\tGerman",
        f"user\tA<U+0009>dog<U+000A>runs.\t{'x' * 3000}",
        "assistant\t[b]Yes[/b]:dog:",
    ]


def test_a_terminal_folds_texts_in_their_columns():
    table = TextTable("turn", "source", "Thai")
    table.add_row("user", "A dog runs.", "ก" * 200)
    shown = printed(table, 60, terminal=True)
    assert shown.count("ก") == 200
    assert shown.startswith("turn")
