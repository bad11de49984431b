"""One ``glotmill`` command in this process, and what is wrong with how it ended."""

from __future__ import annotations

import io
import re
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from unittest.mock import patch

from glotmill.engine.cli import main

SECONDS = 20  # no command may compute for longer on a small build, with all its threads
WAITING = 180  # nor take longer by the clock: other work may keep a machine busy
MEMORY = 1 << 30  # bytes that a command on a small input may take at most
LONGEST_LINE = 2000  # characters of an error line
DONE, CHANGES = 0, 3  # exit codes of a command that did its work
BAD_INPUT = 2


class TooSlowError(BaseException):
    """The command took longer than `SECONDS` or `WAITING`."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: Its exit code; None where it took longer than `SECONDS` or `WAITING`.
        out: What it printed.
        err: What it printed as errors.
        seconds: How long it took.
        memory: The most bytes that it took beyond what the process had before.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    memory: int


def run_command(arguments: Sequence[str]) -> Ended:
    """Run ``glotmill`` with arguments; it is stopped after `SECONDS` of computing or `WAITING`."""
    out, err = io.StringIO(), io.StringIO()
    _forget_peak()
    least, began = _peak(), time.monotonic()
    code: int | None = DONE
    try:
        argv = ["glotmill", *arguments]
        with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", argv), _stopped():
            main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else DONE if ended.code is None else 1
    except TooSlowError:
        code = None
    except KeyboardInterrupt:
        raise
    except BaseException:  # a library's panic is no Exception, and no command may end in one
        err.write(traceback.format_exc())
        code = 1
    return Ended(code, out.getvalue(), err.getvalue(), time.monotonic() - began, _peak() - least)


def complaint(ended: Ended) -> str | None:
    """What is wrong with how a command ended on input that may be bad; None where nothing is.

    It may do its work (0, or 3 for changes) or refuse the input (2) in one line that is not too long.
    """
    if ended.code is None:
        return f"took longer than {SECONDS} seconds, or waited for {WAITING}"
    if "Traceback (most recent call last)" in ended.err:
        return f"traceback: {_bug(ended.err)}"
    if ended.code not in (DONE, CHANGES, BAD_INPUT):
        return f"exit {ended.code}: {_without_names(ended.err.strip())}"
    if ended.code == BAD_INPUT:
        lines = [line for line in ended.err.splitlines() if line.startswith("error: ")]
        if len(lines) != 1:
            return f"exit 2 with {len(lines)} error lines: {ended.err.strip()[:200]}"
        if len(lines[0]) > LONGEST_LINE:
            return f"an error line of {len(lines[0])} characters: {lines[0][:200]}"
    if ended.memory > MEMORY:
        return f"took {ended.memory:,} bytes of memory"
    return None


def _bug(printed: str) -> str:
    """The error of a traceback and the last places of this project in it."""
    places = re.findall(r'File "[^"]*?/((?:engine|filters|recipes|schemas)/[^"]+)", line (\d+), in (\w+)', printed)
    named = " < ".join(f"{path}:{line} {name}" for path, line, name in reversed(places[-3:]))
    return f"{_without_names(printed.strip().splitlines()[-1])[:200]} at {named}"


def _without_names(text: str) -> str:
    """A message without what differs from case to case, so that one problem counts once."""
    return re.sub(r"/\S+|\d+", "…", text)[:300]


@contextmanager
def _stopped() -> Iterator[None]:
    """Raise `TooSlowError` in the main thread after a time."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlowError

    limits = ((signal.SIGPROF, signal.ITIMER_PROF, SECONDS), (signal.SIGALRM, signal.ITIMER_REAL, WAITING))
    before = [signal.signal(number, stop) for number, _, _ in limits]
    for _, timer, seconds in limits:
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for (number, timer, _), handler in zip(limits, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # not Linux: the peak of the whole process counts
        return


def _peak() -> int:
    """The most memory that this process has taken since its peak was forgotten, in bytes; 0 where nothing tells."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
