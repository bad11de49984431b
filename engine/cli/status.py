"""``glotmill status``: how a build stands, from its events."""

from __future__ import annotations

import fcntl
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import emit, say
from glotmill.schemas.redact import redacted

if TYPE_CHECKING:
    from glotmill.engine.runs.state import RunState, StageState


def status_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a build, such as outputs/NAME.")],
    as_json: JsonOption = False,
) -> None:
    """Show how the last run of a build stands: running, finished, stopped, failed or killed, and how far it came.

    Reads the build's events and changes nothing, so it works while the build runs. Exit codes: 0 done; 2 the
    folder is not a build's.

    Example: glotmill status outputs/quickstart
    """
    what, run, state = _look(folder)
    emit(redacted(_as_json(what, run, state)), lambda _: _show(folder, what, run, state), as_json=as_json)


def _show(folder: Path, what: str, run: str | None, state: RunState) -> None:
    from glotmill.engine.runs.board import board_lines

    say(f"{folder}: {what}{f' ({state.end})' if what == 'failed' else ''}")
    if run:
        say(f"run {run}, began {_clock(state.began)}, last heard of {_clock(state.at)}")
    for stage in state.stages.values():
        say(_line(stage))
    for line in board_lines(state, time.time()):
        say(line)
    if what in ("stopped", "failed", "killed"):
        say("the same build command goes on where it was; glotmill traceback shows the errors of units")


def _look(folder: Path) -> tuple[str, str | None, RunState]:
    """(what it is, the last run, its state) of a build.

    Raises:
        InputError: The folder is not a build's.
    """
    from glotmill.engine.dataset.commit import LOCK
    from glotmill.engine.publish.opened import no_runs
    from glotmill.engine.runs.run import FINISHED, STOPPED
    from glotmill.engine.runs.state import RunState, run_folders, run_state

    running = _held(folder / LOCK)
    runs = run_folders(folder)
    if not running and not runs:
        raise no_runs(folder, "status")
    state = run_state(runs[-1]) if runs else RunState()
    name = runs[-1].name if runs else None
    finished = bool(runs) and (runs[-1] / FINISHED).exists()
    if running and finished:  # it reads its sources: its run is not written down yet
        return "running", None, RunState()
    if running or finished:
        return "running" if running else "finished", name, state
    return {None: "killed", STOPPED: "stopped"}.get(state.end, "failed"), name, state


def _as_json(what: str, run: str | None, state: RunState) -> dict[str, Any]:
    stages = [
        {**asdict(stage), "rate": stage.rate, "seconds_left": stage.left if what == "running" else None}
        for stage in state.stages.values()
    ]
    return {
        "is": what,
        "run": run,
        "began": state.began,
        "at": state.at,
        "end": state.end,
        "stages": stages,
        "workers": {str(number): asdict(worker) for number, worker in state.workers.items()},
        "engines": state.load.as_json(state.waiting),
        "failed_attempts": dict(state.attempts),
        "texts_given_up": state.given_up,
        "segments_failed": state.failed,
    }


def _held(lock: Path) -> bool:
    """Whether a command holds a build's lock right now."""
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _line(stage: StageState) -> str:
    of = f" of {stage.total:,}" if stage.total is not None else ""
    text = f"{stage.name}: {stage.done:,}{of} {stage.unit}"
    if stage.rate:
        text += f", {stage.rate:,.0f}/s"
    if stage.left is not None:
        text += f", {stage.left:,.0f} s left"
    return text + (f" ({stage.at - stage.began:.1f} s)" if stage.ended else "")


def _clock(seconds: float | None) -> str:
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
