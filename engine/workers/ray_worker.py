"""One worker on Ray: the actor that holds an engine, and the driver's view of it."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from traceback import format_exc
from typing import Any

import pyarrow as pa
import ray

from glotmill.engine import __version__
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.registry import load_translator
from glotmill.engine.translators.shared.model_files import verify_files
from glotmill.engine.workers.recovery import UnitRecovery
from glotmill.engine.workers.units import do_unit
from glotmill.schemas.errors import TranslatorError
from glotmill.schemas.redact import redact

# glibc hands a batch's memory back to the system and asks for it again, page by page, in the next: an eighth of a
# worker's time on the CPU (half a million page faults in 8 s). Kept, it is what the largest batch needs.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "67108864",
}
IN_FLIGHT = 2  # units at a worker: one being done, one waiting so that it need not idle


@contextmanager
def without_secrets() -> Iterator[None]:
    """Let an engine's error pass without the secrets in it: on a cluster the driver may not know this machine's.

    Raises:
        TranslatorError: In the place of an error with secrets, with what is left of its traceback as a note.
    """
    try:
        yield
    except Exception as error:
        trace = format_exc()
        if redact(trace) == trace:
            raise
        safe = TranslatorError(f"{type(error).__name__}: {error}")
        safe.add_note(redact(trace))
        raise safe from None


class TranslatorActor:
    """The process that holds one loaded engine.

    Args:
        spec: The engine.
        version: The driver's version of Glotmill.
        joined: The worker may be on another machine, so code and model are compared with the driver's.
    """

    def __init__(self, spec: TranslatorSpec, version: str, *, joined: bool) -> None:
        if version != __version__:
            msg = f"this node has Glotmill {__version__}, the driver has {version}"
            raise TranslatorError(msg)
        if joined:
            verify_files(spec)
        with without_secrets():
            self._translator = load_translator(spec)
        self._batches = 0

    def ready(self) -> None:
        """Returns once the model is loaded."""

    @ray.method(concurrency_group="health")  # type: ignore[untyped-decorator]
    def pid(self) -> int:
        """Its process."""
        return os.getpid()

    def do(self, rows: pa.Table) -> pa.Table:
        """Do one unit."""
        with without_secrets():
            return do_unit(self._translator, rows, self._count)

    def _count(self) -> None:
        self._batches += 1

    @ray.method(concurrency_group="health")  # type: ignore[untyped-decorator]
    def beat(self) -> int:
        """Batches done so far; answered also while a unit is being done."""
        return self._batches


@dataclass(frozen=True, slots=True)
class Flight:
    """A unit that was sent to a worker."""

    case: UnitRecovery
    result: Any


class Worker:
    """An actor as the driver sees it.

    Args:
        actor: Its handle; it is still starting.
        failed_starts: Actors in its place that could not be started.
        number: Tells it from the pool's others.

    Attributes:
        starting: Pending until the model is loaded, then None.
        queue: What it was sent and has not given back, oldest first; it works on the first.
        since: When it began with the first of the queue, or to start (`time.monotonic`).
        beat: A heartbeat that it has not answered yet.
        beat_since: When the last heartbeat was requested.
    """

    def __init__(self, actor: Any, failed_starts: int = 0, number: int = 1) -> None:
        self.actor = actor
        self.number = number
        self.failed_starts = failed_starts
        self.starting: Any = actor.ready.remote()
        self.queue: deque[Flight] = deque()
        self.since = time.monotonic()
        self.beat: Any = None
        self.beat_since = self.since

    @property
    def has_room(self) -> bool:
        """Whether it can be sent another unit."""
        return self.starting is None and len(self.queue) < IN_FLIGHT

    def send(self, case: UnitRecovery) -> None:
        """Give it a unit to do."""
        if not self.queue:
            self.since = time.monotonic()
        self.queue.append(Flight(case, self.actor.do.remote(case.rows)))

    def ask_beat(self, every: float) -> None:
        """Ask for a heartbeat unless one is pending or it is too early."""
        if self.starting is None and self.beat is None and time.monotonic() - self.beat_since >= every:
            self.beat = self.actor.beat.remote()
            self.beat_since = time.monotonic()

    def pending(self) -> list[Any]:
        """What Ray should be waited for on its behalf."""
        head = [self.queue[0].result] if self.queue else []
        return [ref for ref in (self.starting, self.beat, *head) if ref is not None]
