"""The workers, their load and the failures of a run in words, for a terminal and for ``glotmill status``."""

from __future__ import annotations

from glotmill.engine.runs.state import RunState, WorkerState

SHOWN_WORKERS = 8


def board_lines(state: RunState, now: float) -> list[str]:
    """The workers, their load and the failures of a run in lines.

    Args:
        state: The run.
        now: Seconds since 1970.
    """
    workers = dict(state.workers)
    lines = []
    if workers:
        idle = sum(worker.ready and not worker.units for worker in workers.values())
        starting = sum(not worker.ready for worker in workers.values())
        counts = {"working": len(workers) - idle - starting, "starting": starting, "idle": idle}
        lines.append(f"workers: {', '.join(f'{n} {what}' for what, n in counts.items() if n)}")
        if len(workers) <= SHOWN_WORKERS:
            lines += [f"  worker {number}: {_worker(worker, now)}" for number, worker in sorted(workers.items())]
    lines += state.load.lines(state.waiting)
    failures = state.failures()
    return [*lines, *([f"failures so far: {failures}"] if failures else [])]


def _worker(worker: WorkerState, now: float) -> str:
    seconds = f"{max(now - worker.since, 0):.0f} s"
    if not worker.ready:
        return f"starting for {seconds}"
    doing = f"unit {worker.units[0]} for {seconds}" if worker.units else f"idle for {seconds}"
    return f"{doing}, {worker.done:,} done"
