"""Many simulated workers in few processes, for the driver's own pool (`benchmarks.simulated_workers`)."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any

import pyarrow as pa
import ray

from glotmill.engine.translators import TranslatorSpec
from glotmill.engine.translators.registry import load_translator
from glotmill.engine.workers.ray_pool import RayPool
from glotmill.engine.workers.stopping import StopSwitch
from glotmill.engine.workers.units import do_unit, no_note

SLOTS = 32  # workers of a process
Spans = list[tuple[float, float]]


class Host:
    """A process of several workers."""

    def __init__(self, spec: TranslatorSpec) -> None:
        self._spec = spec
        self._translators = [load_translator(spec) for _ in range(SLOTS)]
        self._locks = [threading.Lock() for _ in range(SLOTS)]
        self._spans: Spans = []

    def ready(self) -> None:
        """Returns once it is there."""

    def do(self, slot: int, rows: pa.Table) -> pa.Table:
        """Do one unit as one worker."""
        with self._locks[slot]:
            began = time.time()
            done = do_unit(self._translators[slot], rows)
            self._spans.append((began, time.time()))
        return done

    def beat(self) -> int:
        """Units done."""
        return len(self._spans)

    def spans(self) -> Spans:
        """When its workers were busy."""
        return self._spans


class _Call:
    """A method of one worker, called as Ray's are."""

    def __init__(self, method: Any, *first: int) -> None:
        self._method, self._first = method, first

    def remote(self, *values: Any) -> Any:
        """Call it."""
        return self._method.remote(*self._first, *values)


class _Slot:
    """One worker of a process, as the pool sees an actor."""

    def __init__(self, host: Any, slot: int) -> None:
        self.ready, self.beat = _Call(host.ready), _Call(host.beat)
        self.do = _Call(host.do, slot)


class SimulatedPool(RayPool):
    """The pool of builds, on workers that share processes; none of them is expected to fail."""

    def __init__(self, spec: TranslatorSpec, workers: int) -> None:
        super().__init__(spec, workers, None, StopSwitch(), no_note)
        options: dict[str, Any] = {"num_cpus": 0, "max_concurrency": 2 * SLOTS + 2}
        self.hosts = [ray.remote(**options)(Host).remote(spec) for _ in range(-(-workers // SLOTS))]
        self._given = 0

    def spans(self) -> Spans:
        """When the workers were busy, unit by unit."""
        return [span for host in self.hosts for span in ray.get(host.spans.remote())]

    def _new_actor(self) -> Any:
        host, slot = divmod(self._given, SLOTS)
        self._given += 1
        return _Slot(self.hosts[host], slot)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for host in self.hosts:
            ray.kill(host)
