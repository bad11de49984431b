"""Lines and JSON on standard output or standard error, with nothing in them that commands a terminal."""

from __future__ import annotations

from typing import Any

import orjson
import typer

from glotmill.engine.text.visible import visible, visible_json


def say(text: str, *, err: bool = False) -> None:
    """Print a line, or several."""
    typer.echo(visible(text), err=err)


def say_json(value: Any) -> None:
    """Print one JSON object in a line."""
    typer.echo(visible_json(orjson.dumps(value).decode()))
