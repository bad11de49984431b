"""Where a program's values come in, and errors go out: both are checked here.

Guarantees: whatever is wrong with a value, a file or a folder that the caller named is a `GlotmillError`; nothing is
printed unless the caller wants it; signals are left alone and the process is never ended.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from glotmill.engine.api.terminal import TerminalDisplay
from glotmill.engine.runs.progress import Listener, ProgressReport
from glotmill.schemas.errors import InputError, from_system

PathInput = str | os.PathLike[str]
Progress = bool | Listener

P = ParamSpec("P")
R = TypeVar("R")


def own_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Raise what the operating system refuses as a `GlotmillError`, as the command line says it in one line."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except OSError as error:
            raise from_system(error) from error

    return call


def as_text(value: Any, name: str) -> str:
    """A path or address that the caller named.

    Raises:
        InputError: It is no text and no path.
    """
    if not isinstance(value, str | os.PathLike):
        msg = f"{name}: expected a path, found {type(value).__name__}"
        raise InputError(msg)
    text = os.fspath(value)
    if not isinstance(text, str) or "\0" in text:
        msg = f"{name} {text!r}: expected a path in text, without NUL characters"
        raise InputError(msg)
    return text


def as_path(value: Any, name: str) -> Path:
    """The same as a `Path`."""
    return Path(as_text(value, name))


def whole_number(value: Any, name: str, least: int) -> None:
    """Check a number that the caller named.

    Raises:
        InputError: It is no whole number, or less than the least.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        msg = f"{name} {value!r}: expected a whole number from {least}"
        raise InputError(msg)


def reporter(progress: Any) -> ProgressReport:
    """What shows how a call gets on.

    Args:
        progress: True for the display of the command line on standard error, False for nothing, or a function that is
            called with each `StageProgress`.

    Raises:
        InputError: It is none of these.
    """
    if isinstance(progress, bool):
        return ProgressReport(TerminalDisplay() if progress else None)
    if not callable(progress):
        msg = f"progress: expected True, False or a function of a StageProgress, found {type(progress).__name__}"
        raise InputError(msg)
    return ProgressReport(listener=progress)
