"""The pools of a build that has several engines: one of them has its workers at a time, so that each has all room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Protocol, Self

from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.workers.pool import Pool
from glotmill.engine.workers.units import Unit, UnitResult


class PoolsOf(Protocol):
    """What gives the pool of an engine."""

    def of(self, spec: TranslatorSpec) -> Pool:
        """The pool of an engine."""


class Pools:
    """The pools by engine. Leaving the context ends all workers.

    Args:
        make: Makes the pool of an engine; it starts nothing yet.
    """

    def __init__(self, make: Callable[[TranslatorSpec], Pool]) -> None:
        self._make = make
        self._pools: dict[str, _Turn] = {}
        self._at_work: tuple[str, ExitStack] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def of(self, spec: TranslatorSpec) -> Pool:
        """The pool of an engine; to start it ends the workers of another one."""
        name = spec.worker_fingerprint
        if name not in self._pools:
            self._pools[name] = _Turn(self._make(spec), lambda pool: self._enter(name, pool))
        return self._pools[name]

    def _enter(self, name: str, pool: Pool) -> None:
        if self._at_work is not None and self._at_work[0] == name:
            return
        self._leave()
        stack = ExitStack()
        stack.enter_context(pool)
        self._at_work = name, stack

    def _leave(self) -> None:
        if self._at_work is not None:
            _, stack = self._at_work
            self._at_work = None
            stack.close()


class _Turn:
    """A pool that ends the workers of the others when it starts its own."""

    def __init__(self, pool: Pool, enter: Callable[[Pool], None]) -> None:
        self._pool = pool
        self._enter = enter

    @property
    def workers(self) -> int:
        """Of the pool."""
        return self._pool.workers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The pools end their workers together."""

    def start(self) -> None:
        self._enter(self._pool)
        self._pool.start()

    def run(self, units: Iterable[Unit]) -> Iterator[UnitResult]:
        self._enter(self._pool)
        return self._pool.run(units)
