"""Lines and JSON on standard output or standard error, with nothing in them that commands a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

import orjson
import typer

from glotmill.engine.text.visible import visible, visible_json


def say(text: str, *, err: bool = False) -> None:
    """Print a line, or several."""
    typer.echo(visible(text), err=err)


@runtime_checkable
class HasJson(Protocol):
    """A result that says itself what ``--json`` prints."""

    def as_json(self) -> dict[str, Any]:
        """The object."""


R = TypeVar("R")


def emit(result: R, show: Callable[[R], None], *, as_json: bool) -> None:
    """Print the result of a command.

    Args:
        result: A mapping, a dataclass, or a result with `HasJson.as_json`.
        show: Prints it for people.
        as_json: Whether ``--json`` was given; then it is printed as one JSON object.
    """
    if as_json:
        say_json(result.as_json() if isinstance(result, HasJson) else result)
    else:
        show(result)


def say_json(value: Any) -> None:
    """Print one JSON object in a line."""
    typer.echo(visible_json(orjson.dumps(value).decode()))
