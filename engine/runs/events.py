"""The events of a run: what each kind holds, and how they are read.

Guarantees: an event that is read is whole and of its kind; the half line that a kill leaves at the end is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from glotmill.engine.storage.checked import Count, FileModel, checked, json_value
from glotmill.schemas.errors import InputError, shortened

EVENTS = "events.jsonl"
MOST_LINE = 16 << 20  # bytes of a line; tracebacks are the longest
Time = Annotated[float, Field(ge=0, le=4e9)]  # seconds since 1970


class Event(FileModel):
    """Any event."""

    time: Time
    event: str


class StageBegan(Event):
    """A stage began."""

    stage: str
    unit: str


class StageAt(Event):
    """How far a stage came, or that it ended."""

    stage: str
    done: Count
    total: Count | None


class AttemptEnded(Event):
    """An attempt at the run ended by an error or by Ctrl-C."""

    why: str


class AttemptFailed(Event):
    """An attempt at a unit failed."""

    reason: str
    detail: str
    unit: int | None
    worker: int | None = None
    trace: str = ""


class UnitSent(Event):
    """A worker was sent a unit."""

    worker: int
    unit: int


class UnitDone(Event):
    """A unit is done."""

    unit: int
    failed: Count = 0
    given_up: Count = 0


class WorkerEvent(Event):
    """A worker starts, or is ready."""

    worker: int


class WorkerNotStarted(Event):
    """A worker could not be started."""

    detail: str
    worker: int | None = None


class FileSetAside(Event):
    """A file of the memory was set aside."""

    file: str
    reason: str


EVENT_KINDS: dict[str, type[Event]] = {
    "stage_began": StageBegan,
    "stage_at": StageAt,
    "stage_done": StageAt,
    "attempt_ended": AttemptEnded,
    "attempt_failed": AttemptFailed,
    "unit_sent": UnitSent,
    "unit_done": UnitDone,
    "worker_starting": WorkerEvent,
    "worker_ready": WorkerEvent,
    "worker_not_started": WorkerNotStarted,
    "memory_file_set_aside": FileSetAside,
}


def events(run: Path) -> Iterator[dict[str, Any]]:
    """The events of a run, in order; the last line may be half a one where the run was killed writing it.

    Raises:
        InputError: A line is damaged.
    """
    path = run / EVENTS
    if not path.exists():
        return
    what, mend = "an event of a run", f"remove the folder {run}: nothing of the dataset is in it"
    stages: set[str] = set()
    with path.open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(MOST_LINE), b""), 1):
            where = f"{path}, line {number}"
            if not line.endswith(b"\n"):
                if len(line) < MOST_LINE:
                    return
                msg = f"{where}: longer than {MOST_LINE:,} bytes; expected {what}; {mend}"
                raise InputError(msg)
            event: dict[str, Any] = json_value(line, where, what, mend)
            kind = event.get("event") if isinstance(event, dict) else None
            checked(EVENT_KINDS.get(str(kind), Event), event, where, what, mend)
            if kind == "attempt_began":
                stages.clear()
            elif kind == "stage_began":
                stages.add(event["stage"])
            elif kind in ("stage_at", "stage_done") and event["stage"] not in stages:
                msg = f"{where}: not {what}: the stage {shortened(event['stage'])} never began; {mend}"
                raise InputError(msg)
            yield event
