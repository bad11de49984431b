"""No command that prints text of data lets it command the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import polars as pl
import pytest
from rich.table import Table

from glotmill.engine.cli import screen
from glotmill.engine.cli.say import say
from glotmill.engine.cli.screen import Screen

EVIL = "A \x1b[31mred\x1b]8;;http://x\x07 [bold]dog[/nonsense] \u202e:dog:\u2066 \x9bhere\r."
SEEN = "A <U+001B>[31mred<U+001B>]8;;http://x<U+0007> [bold]dog[/nonsense] <U+202E>:dog:<U+2066> <U+009B>here<U+000D>."
COMMANDS = set("\x1b\x07\r\x9b\u202e\u2066")


def test_strings_and_cells_are_text_and_nothing_else(capsys: pytest.CaptureFixture[str]):
    table = Table(EVIL, box=None)
    table.add_row(EVIL)
    Screen().print(EVIL, soft_wrap=True)
    Screen().print(table, soft_wrap=True)
    say(EVIL)
    out = capsys.readouterr().out
    assert out.count(SEEN) == 4
    assert not COMMANDS & set(out)


@pytest.fixture
def evil(glotmill, recipe_file, captions: Path) -> Path:
    """The recipe of a build of such a text, by a row whose id is no better."""
    row = {"id": "x\u202e\nerror: y", "task": "caption", "image": "x\x1b.jpg", "caption": EVIL}
    captions.write_text(json.dumps(row) + "\n")
    recipe = recipe_file(languages=["deu_Latn"])
    assert glotmill("build", recipe, "--out", "mine")[0] == 0
    return recipe


@pytest.mark.parametrize("command", ["preview", "show", "explain"])
@pytest.mark.parametrize("as_json", [False, True])
def test_every_command_that_prints_data_shows_it_by_its_numbers(glotmill, evil: Path, command: str, as_json: bool):
    (record,) = pl.read_parquet("mine/dataset/data/deu_Latn/*.parquet")["record_id"]
    arguments = {"preview": [evil, "--out", "mine"], "show": ["mine"], "explain": ["mine", record]}[command]
    code, out, _ = glotmill(command, *arguments, *(["--json"] if as_json else []))
    assert code == 0
    assert not COMMANDS & set(out)
    if as_json:
        assert orjson.dumps(EVIL) in orjson.dumps(json.loads(out))
    else:
        assert SEEN[:30] in out  # a table of explain's wraps
        assert "x<U+202E><U+000A>error: y" in out


def test_no_command_prints_past_the_screen():
    sources = {path.name: path.read_text() for path in Path(screen.__file__).parent.glob("*.py")}
    assert {name for name, source in sources.items() if "typer.echo" in source or "Console(" in source} == {"say.py"}
