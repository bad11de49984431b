"""Units done by Ray actors, each of which loads the model once, under supervision.

How it works: all actors are started together. The driver keeps at most `ray_worker.IN_FLIGHT` units at each, so
memory is bounded; the last units wait at the driver, for whoever is free first. It waits for whatever comes first: a
result, a started actor, a heartbeat. An actor that died, whose engine raised, that is over its unit's deadline or
answers no heartbeat is killed and a new one is started in its place; what it was sent goes back into the line, and only
the unit it was working on counts a failure (`UnitRecovery`). A result is taken once; what a replaced actor may still
send is never looked at.

Ray places, starts and kills the actors and reports their deaths. Its own restarts and retries are off: they would
hide which unit failed how often, and whether an answer comes from the old process or the new one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

import ray

from glotmill.engine import __version__
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.workers.pending_units import PendingUnits
from glotmill.engine.workers.ray_session import session_folder, start_ray
from glotmill.engine.workers.ray_worker import KEEP_MEMORY, TranslatorActor, Worker
from glotmill.engine.workers.recovery import UnitRecovery
from glotmill.engine.workers.spilling import SpillWatch
from glotmill.engine.workers.stopping import StopSwitch
from glotmill.engine.workers.units import Failure, Note, Unit, UnitResult
from glotmill.schemas.errors import WorkerError

START_TIMEOUT_S = 600.0  # a large model from a slow disk
NODE_GRACE_S = 5.0  # an actor that takes longer to start may have no node to start on
MAX_STARTS = 3  # of actors in one place, in a row
TICK_S = 1.0
IDLE_TICK_S = 0.1  # while a worker has no unit: another window may hand some in at any moment
BEAT_EVERY_S = 5.0
BEAT_TIMEOUT_S = 60.0
PART_TIMEOUT_S = 60.0  # least deadline of a part of a unit


class RayPool:
    """A pool of Ray actors."""

    def __init__(
        self, spec: TranslatorSpec, workers: int | None, address: str | None, stop: StopSwitch, note: Note
    ) -> None:
        self.workers = workers or 0
        self._spec = spec
        self._asked = workers
        self._address = address
        self._stop = stop
        self._note = note
        self._actor_class: Any = None
        self._places: list[Worker] = []
        self._hired = 0
        self._started_ray = False
        self._spilling = SpillWatch(note)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._started_ray:
            ray.shutdown()
        else:
            for worker in self._places:
                ray.kill(worker.actor)
        self._places = []
        self._note("workers_ended")

    def start(self) -> None:
        """Start all actors together and wait until each has its model, or has failed to get it."""
        if self._places:
            return
        self._stop.check()
        self._started_ray = start_ray(self._address, self._note)
        self.workers = self._room()
        place = self._spec.placement
        self._actor_class = ray.remote(
            num_cpus=place.cpus,
            num_gpus=place.gpus,
            max_restarts=0,
            max_task_retries=0,
            concurrency_groups={"health": 1},
            runtime_env={"env_vars": KEEP_MEMORY},
        )(TranslatorActor)
        self._places = [self._hire() for _ in range(self.workers)]
        while starting := [worker for worker in self._places if worker.starting is not None]:
            self._stop.check()
            ray.wait([worker.starting for worker in starting], num_returns=len(starting), timeout=TICK_S)
            came, _ = ray.wait([worker.starting for worker in starting], num_returns=len(starting), timeout=0)
            for worker in starting:
                self._look_after_start(worker, set(came), time.monotonic())

    def _room(self) -> int:
        """How many actors to start."""
        place = self._spec.placement
        room = ray.cluster_resources()
        cpus = int(room.get("CPU", 0) // place.cpus)
        workers = self._asked or (int(room.get("GPU", 0) / place.gpus) if place.gpus else cpus)
        if workers < 1 or workers > cpus or workers * place.gpus > room.get("GPU", 0):
            msg = (
                f"{self._asked or 'any'} workers of {place.cpus} CPU and {place.gpus:g} GPU do not fit into Ray's "
                f"{room.get('CPU', 0):g} CPUs and {room.get('GPU', 0):g} GPUs: lower `workers`, or use --workers 0"
            )
            raise WorkerError(msg)
        return workers

    def _new_actor(self) -> Any:
        return self._actor_class.remote(self._spec, __version__, joined=self._address is not None)

    def _hire(self, failed_starts: int = 0) -> Worker:
        """Start an actor as a worker with a number of its own."""
        self._hired += 1
        self._note("worker_starting", worker=self._hired)
        return Worker(self._new_actor(), failed_starts, self._hired)

    def _started(self, worker: Worker) -> None:
        """Note that an actor has its model.

        Raises:
            WorkerError: It could not be started.
        """
        try:
            ray.get(worker.starting)
        except ray.exceptions.RayError as error:
            msg = f"workers cannot be started: {_cause(error)}"
            raise WorkerError(msg) from error
        worker.starting = None
        worker.failed_starts = 0

    def run(self, units: Iterable[Unit]) -> Iterator[UnitResult]:
        """The result of each unit, as they finish."""
        line = PendingUnits(units)
        first = line.next()
        if first is None:
            return
        line.back(first)
        self.start()
        while not self._stop.asked:
            if not self._fill(line):
                break
            yield from self._step(line)
        for worker in self._places:  # what is only waiting at a worker is left for the next run
            while len(worker.queue) > 1:
                worker.queue.pop()
        while any(worker.queue for worker in self._places):
            yield from self._step(line)
        self._stop.check()

    def _fill(self, line: PendingUnits) -> bool:
        """Send units to whoever has room, one each in turn; False where nothing is left to do."""
        waiting = True
        while waiting and (free := [worker for worker in self._places if worker.has_room]):
            worker = min(free, key=lambda w: len(w.queue))
            if worker.queue and not line.has(len(self._places) + 1):
                break  # of the last units none waits at a worker that is busy while another one is idle
            case = line.next()
            if case is None:
                waiting = False
            else:
                worker.send(case)
                self._note("unit_sent", worker=worker.number, **case.unit.name)
        return waiting or any(worker.queue for worker in self._places)

    def _step(self, line: PendingUnits) -> Iterator[UnitResult]:
        """Wait for what comes first and deal with it."""
        self._spilling.look(session_folder())
        for worker in self._places:
            worker.ask_beat(BEAT_EVERY_S)
        pending = [ref for worker in self._places for ref in worker.pending()]
        idle = any(worker.has_room and not worker.queue for worker in self._places)
        ray.wait(pending, num_returns=1, timeout=IDLE_TICK_S if idle else TICK_S)
        done, _ = ray.wait(pending, num_returns=len(pending), timeout=0)
        now = time.monotonic()
        came = set(done)
        hopeless: WorkerError | None = None
        for worker in list(self._places):
            try:
                result = self._deal_with(worker, came, now, line)
            except WorkerError as error:  # raised when what the others have done is safe
                hopeless = hopeless or error
            else:
                if result is not None:
                    yield result
        if hopeless is not None:
            raise hopeless

    def _deal_with(self, worker: Worker, came: set[Any], now: float, line: PendingUnits) -> UnitResult | None:
        if worker.beat in came and not self._hear(worker, line):
            return None
        if worker.starting is not None:
            self._look_after_start(worker, came, now)
            return None
        if worker.queue and worker.queue[0].result in came:
            flight = worker.queue.popleft()
            worker.since = now
            try:
                results = ray.get(flight.result)
            except ray.exceptions.RayTaskError as error:
                self._fail(worker, flight.case, Failure("engine_error", _cause(error), _trace(error)), line)
            except ray.exceptions.RayError as error:
                self._fail(worker, flight.case, Failure("worker_died", _cause(error)), line)
            else:
                result = flight.case.passed(results)
                if result is None:
                    line.back(flight.case)
                return result
        elif worker.queue and now - worker.since > self._deadline(worker.queue[0].case):
            late = Failure("timed_out", f"no result after {now - worker.since:.0f} s")
            self._fail(worker, worker.queue.popleft().case, late, line)
        elif worker.beat is not None and now - worker.beat_since > BEAT_TIMEOUT_S:
            silent = Failure("timed_out", f"no heartbeat for {now - worker.beat_since:.0f} s")
            self._fail(worker, worker.queue.popleft().case if worker.queue else None, silent, line)
        return None

    def _hear(self, worker: Worker, line: PendingUnits) -> bool:
        """Take a heartbeat; an idle worker that is dead is replaced before it is sent a unit, which would be blamed."""
        beat, worker.beat = worker.beat, None
        try:
            ray.get(beat)
        except ray.exceptions.RayError as error:
            if not worker.queue:  # else its unit tells
                self._fail(worker, None, Failure("worker_died", _cause(error)), line)
                return False
        return True

    def _deadline(self, case: UnitRecovery) -> float:
        whole = self._spec.section.unit_timeout
        return max(min(whole, PART_TIMEOUT_S), whole * case.share)

    def _look_after_start(self, worker: Worker, came: set[Any], now: float) -> None:
        if self._address is None and now - worker.since > NODE_GRACE_S and not any(n["Alive"] for n in ray.nodes()):
            msg = "the local Ray's node process died; run the same command again to go on"
            raise WorkerError(msg)
        late = now - worker.since > START_TIMEOUT_S
        if worker.starting not in came and not late:
            return
        try:
            if late:
                msg = f"a worker has no model after {START_TIMEOUT_S:g} s"
                raise WorkerError(msg)
            self._started(worker)
        except WorkerError as error:
            self._note("worker_not_started", worker=worker.number, detail=str(error))
            self._places.remove(worker)
            ray.kill(worker.actor)
            if worker.failed_starts + 1 < MAX_STARTS:
                self._places.append(self._hire(worker.failed_starts + 1))
            elif not self._places:
                raise
        else:
            worker.since = worker.beat_since = now
            self._note("worker_ready", worker=worker.number)

    def _fail(self, worker: Worker, case: UnitRecovery | None, failure: Failure, line: PendingUnits) -> None:
        """Count a failure, take back what the worker was sent, and put a new one in its place."""
        unit = case.unit.number if case else None
        self._note(
            "attempt_failed", worker=worker.number, unit=unit,
            reason=failure.reason, detail=failure.detail, trace=failure.trace,
        )  # fmt: skip
        ray.kill(worker.actor)
        self._places[self._places.index(worker)] = self._hire()
        for flight in worker.queue:
            line.back(flight.case)
        if case is not None:
            case.failed(failure)
            line.back(case)


def _trace(error: BaseException) -> str:
    """The worker's traceback, which Ray gives in colours."""
    return re.sub(r"\x1b\[\d+m", "", str(error))


def _cause(error: BaseException) -> str:
    """The line of a Ray error that tells what happened in the worker."""
    cause = getattr(error, "cause", None) or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return f"{type(cause).__name__}: {lines[-1] if lines else ''}"
