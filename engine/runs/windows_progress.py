"""The stages of windows that are open at once: one stage for people to see, and the seconds of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from glotmill.engine.runs.engine_load import PACK
from glotmill.engine.runs.progress import Advancing, ProgressReport, Stage


class WindowsProgress:
    """Times the stages of several windows, whichever thread they are in.

    A second in which several stages go on is shared among them, so that the seconds of all stages are those that went
    by while there was one.

    Args:
        report: Keeps the seconds.
        shown: The stage that people see; it counts records that are packed.
        records: How many there are in all.
    """

    def __init__(self, report: ProgressReport, shown: Stage, records: int) -> None:
        self._report = report
        self._shown = shown
        self._records = records
        self._going_on: Counter[str] = Counter()
        self._since = time.monotonic()
        self._lock = RLock()
        shown.advance(0, records)

    @contextmanager
    def stage(self, name: str, unit: str) -> Iterator[Advancing]:  # noqa: ARG002  as a report's
        """Time one stage of one window."""
        self._change(name, 1)
        try:
            yield _Counted(self, counted=name == PACK)
        finally:
            self._change(name, -1)

    def packed(self, records: int) -> None:
        """Note that so many more records are packed."""
        with self._lock:
            self._shown.advance(records, self._records)

    def _change(self, name: str, by: int) -> None:
        with self._lock:
            now = time.monotonic()
            among = self._going_on.total()
            for other, times in self._going_on.items():
                spent = self._report.seconds.get(other, 0.0) + (now - self._since) * times / among
                self._report.seconds[other] = round(spent, 3)
            self._since = now
            self._going_on[name] += by
            self._going_on += Counter()  # without those that do not go on
        self._report.window_stage(name, by)


class _Counted:
    def __init__(self, progress: WindowsProgress, *, counted: bool) -> None:
        self._progress = progress
        self._counted = counted

    def advance(self, count: int, total: int | None = None) -> None:  # noqa: ARG002  as a stage's
        if self._counted:
            self._progress.packed(count)
