"""The translate stage of a build with its engines: each direction by its own, and a second one for what that failed on.

Guarantees: an entry names the engine that made it; the second engine gets exactly what the first left
without a translation; the whole records that fitted are given out as entries of their texts, marked with the record.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import polars as pl

from glotmill.engine.memory.entries import DIRECTION, MEMORY_SCHEMA, Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.run import Run
from glotmill.engine.text.parts import REPAIRED
from glotmill.engine.text.records import items_of
from glotmill.engine.translation.counts import SegmentCount, Usage
from glotmill.engine.translation.expected_usage import Sent, expected_back, expected_usage
from glotmill.engine.translation.repaired_entries import SEGMENT, Repairs, passing, repairs_of
from glotmill.engine.translation.requests import Requests, RequestSource, Tables, in_order
from glotmill.engine.translation.stage import ENTRY, TO_DO, TranslateStage, by_direction
from glotmill.engine.translation.window_order import WindowPlace, alone
from glotmill.engine.translators import TranslatorSpec
from glotmill.engine.translators.shared.routes import WAYS_BACK, Routes
from glotmill.engine.workers.shared_pools import PoolsOf

FORWARD = "forward"
SECOND, REPAIR = ".second", ".repair"
NOTHING = pl.DataFrame(MEMORY_SCHEMA.empty_table()).select(  # as `TranslateStage.entries_of` gives them
    *DIRECTION, pl.lit(value=False).alias("carrier"), "key", *ENTRY, text="request", translation="text",
    engine="translator", record=pl.lit(None, pl.String),
)  # fmt: skip


def _failed(stage: TranslateStage, phase: str, requested: RequestSource) -> Requests:
    """The requests that a stage left without a translation."""

    def read(directions: Iterable[Direction]) -> Tables:
        for direction, table in requested.tables(directions):
            entries = stage.entries(phase, direction).filter(pl.col("failure").is_not_null())
            yield direction, table.join(entries.select("text"), on="text", how="semi", maintain_order="left")

    return Requests(requested.directions(), read)


class RoutedStage:
    """The stage with all its engines.

    Args:
        routes: Who translates what.
        memory: Where entries are kept.
        run: Notes the units.
        pools: Do them.
        place: The window's, where there are several.
    """

    def __init__(
        self, routes: Routes, memory: Memory, run: Run, pools: PoolsOf, place: WindowPlace | None = None
    ) -> None:
        self._routes = routes
        self._memory = memory
        self._place = place or alone()
        self._stages = {
            name: TranslateStage(spec, memory, run, pools.of(spec), self._place) for name, spec in routes.all.items()
        }
        self._requested: dict[str, frozenset[Direction]] = {}
        self._to_send: dict[str, list[Sent]] = {}
        self._known_repairs: dict[tuple[Direction, ...], tuple[int, Repairs]] = {}

    def translate(
        self, phase: str, requested: RequestSource, *, retry_failed: bool, advance: Callable[[int, int], None]
    ) -> SegmentCount:
        """Have entries in the memory for all segments, as `TranslateStage.translate` does.

        Args:
            phase: ``record``, ``forward`` or ``back``.
            requested: The segments.
            retry_failed: Send remembered failures again.
            advance: Is called with (segments done now, segments for engines to do); none done when workers are ready.
        """
        self._requested[phase] = frozenset(requested.directions())
        total = SegmentCount()
        for spec, part in self._parts(phase, requested):
            stage, name = self._stages[spec.fingerprint], self._named(phase, spec)
            count = stage.translate(name, part, retry_failed=retry_failed, advance=advance)
            second = self._second(phase, spec)
            if second is not None and count.failed:
                rest = _failed(stage, name, part)
                more = self._stages[second.fingerprint].translate(
                    name + SECOND, rest, retry_failed=retry_failed, advance=advance
                )
                count = count.with_second(more)
            if phase == FORWARD and self._routes.until is not None:
                count = self._repair(name, spec, part, count, retry_failed=retry_failed, advance=advance)
            total += count
        self._place.through(phase)
        self._place.await_entries(phase)
        return total

    def look(self, phase: str, requested: RequestSource, *, retry_failed: bool) -> pl.DataFrame:
        """What a phase would send, and send nothing, as `TranslateStage.look`."""
        self._requested[phase] = frozenset(requested.directions())
        sent: list[Sent] = []
        for spec, part in self._parts(phase, requested):
            stage, name = self._stages[spec.fingerprint], self._named(phase, spec)
            sent.append((spec, stage.look(name, part, retry_failed=retry_failed)))
            second = self._second(phase, spec)
            if second is not None:
                rest = _failed(stage, name, part)
                more = self._stages[second.fingerprint].look(name + SECOND, rest, retry_failed=retry_failed)
                sent.append((second, more))
            engine = self._repair_engine(spec)
            if phase == FORWARD and engine is not None:
                rest = self._unrepaired(part)
                more = self._stages[engine.fingerprint].look(name + REPAIR, rest, retry_failed=retry_failed)
                sent.append((engine, more))
        self._place.planned(phase)
        self._to_send[phase] = sent
        return pl.concat([pl.DataFrame(schema=TO_DO), *(requests for _, requests in sent)])

    def expected_usage(self, *, returned: bool) -> Usage:
        """What the engines that have a price would take for all that was looked up.

        Args:
            returned: Whether what is not yet translated will go back, too.
        """
        sent = [each for phase in self._to_send.values() for each in phase]
        there = [each for phase, parts in self._to_send.items() if phase not in WAYS_BACK for each in parts]
        back = [each for _, requests in there for each in expected_back(self._routes, requests)]
        return expected_usage([*sent, *back] if returned else sent)

    def _parts(self, phase: str, requested: RequestSource) -> Iterator[tuple[TranslatorSpec, RequestSource]]:
        """The requests that go to each engine first."""
        by_engine = {
            self._first(phase, own[0]).fingerprint: own for own in self._by_engine(phase, requested.directions())
        }
        for name, spec in self._routes.all.items():
            if name in by_engine:
                yield spec, Requests(by_engine[name], requested.tables)

    def _first(self, phase: str, direction: Direction) -> TranslatorSpec:
        return self._routes.first(phase, direction.source_lang, direction.target_lang)

    def _second(self, phase: str, spec: TranslatorSpec) -> TranslatorSpec | None:
        """The engine that gets what another failed on; a record that does not fit is sent in segments instead."""
        second = self._routes.second
        return None if phase == "record" or second is None or second.fingerprint == spec.fingerprint else second

    def _named(self, phase: str, spec: TranslatorSpec) -> str:
        """The name of an engine's part of a phase, in the run's files."""
        name = spec.fingerprint
        return phase if name == self._routes.default.fingerprint else f"{phase}.{name[:8]}"

    def entries(self, phase: str, direction: Direction) -> pl.DataFrame:
        """The entries of a phase's segments in one direction, as `TranslateStage.entries`, and of whole records."""
        return next(entries for _, entries in self.entries_in_turn(phase, [direction]))

    def entries_in_turn(self, phase: str, directions: Iterable[Direction]) -> Iterator[tuple[Direction, pl.DataFrame]]:
        """The same of several directions, one after the other; those of small ones are looked up together."""
        wanted = list(directions)
        in_records = self._requested.get("record", frozenset()) if phase == "forward" else frozenset()
        for own in self._by_engine(phase, (direction for direction in wanted if direction in self._requested[phase])):
            spec = self._first(phase, own[0])
            for portion in self._stages[spec.fingerprint].portions(self._named(phase, spec), own):
                for direction, entries in by_direction(self._final(phase, portion), portion):
                    more = [self._of_records(direction)] if direction in in_records else []
                    yield direction, pl.concat([entries, *more])
        for direction in wanted:
            if direction in in_records and direction not in self._requested[phase]:
                yield direction, self._of_records(direction)

    def count(self, phase: str, direction: Direction) -> int:
        """How many different segments, and whole records, a phase has in one direction."""
        phases = ("forward", "record") if phase == "forward" else (phase,)
        own = (name for name in phases if direction in self._requested.get(name, ()))
        return sum(self._stages[spec.fingerprint].count(self._named(name, spec), direction)
                   for name in own for spec in [self._first(name, direction)])  # fmt: skip

    def _by_engine(self, phase: str, directions: Iterable[Direction]) -> list[list[Direction]]:
        """Directions by the engine that translates first."""
        found: dict[str, list[Direction]] = {}
        for direction in directions:
            found.setdefault(self._first(phase, direction).fingerprint, []).append(direction)
        return list(found.values())

    def entries_of(self, phase: str) -> pl.DataFrame:
        """The entries of all requests of a phase, as `TranslateStage.entries_of`: one look-up an engine."""
        by_engine = self._by_engine(phase, in_order(self._requested[phase]))
        parts = (self._final(phase, directions) for directions in by_engine)
        return pl.concat([NOTHING, *(entries.select(NOTHING.columns) for entries in parts)])

    def _final(self, phase: str, directions: list[Direction]) -> pl.DataFrame:
        """The entries in directions of one engine: its own, those of others where they could do better, repaired."""
        entries = self._translated(phase, directions)
        rule = self._routes.until
        if phase != FORWARD or rule is None:
            return entries
        repairs = self._repairs(entries, directions)
        entries = repairs.applied(entries)
        spec = self._first(phase, directions[0])
        engine = self._repair_engine(spec)
        if engine is None or repairs.left.is_empty():
            return entries
        more = self._stages[engine.fingerprint].entries_of(self._named(phase, spec) + REPAIR, directions)
        more = more.join(repairs.left, on=SEGMENT, how="semi", maintain_order="left")
        better = passing(rule, more, self._memory.hypotheses)
        return pl.concat([entries.join(better, on=SEGMENT, how="anti"), better]).sort(SEGMENT)

    def _translated(self, phase: str, directions: list[Direction]) -> pl.DataFrame:
        """The first engine's entries in directions that it has, and the second's where it could do better."""
        spec = self._first(phase, directions[0])
        name = self._named(phase, spec)
        first = self._stages[spec.fingerprint].entries_of(name, directions)
        second = self._second(phase, spec)
        lacking = first.filter(pl.col("failure").is_not_null())
        if second is None or not lacking.height:
            return first
        more = self._stages[second.fingerprint].entries_of(name + SECOND, directions)
        better = more.filter(pl.col("failure").is_null())
        return pl.concat([first.join(better.select(SEGMENT), on=SEGMENT, how="anti"), better]).sort(SEGMENT)

    def _repair_engine(self, spec: TranslatorSpec) -> TranslatorSpec | None:
        """The engine that gets what the kept translations of another do not repair."""
        engine = self._routes.repair
        return None if engine is None or engine.fingerprint == spec.fingerprint else engine

    def _repair(
        self,
        name: str,
        spec: TranslatorSpec,
        part: RequestSource,
        count: SegmentCount,
        *,
        retry_failed: bool,
        advance: Callable[[int, int], None],
    ) -> SegmentCount:
        """Have the repair engine translate what nothing else repairs; the count with what was repaired."""
        engine = self._repair_engine(spec)
        more = SegmentCount()
        if engine is not None:
            rest = self._unrepaired(part)
            more = self._stages[engine.fingerprint].translate(
                name + REPAIR, rest, retry_failed=retry_failed, advance=advance
            )
        repaired = sum(
            int((self._final(FORWARD, portion)["origin"] == REPAIRED).sum())
            for portion in self._stages[spec.fingerprint].portions(name, part.directions())
        )
        return count.with_repair(more, repaired)

    def _unrepaired(self, part: RequestSource) -> Requests:
        """The requests of an engine whose translations fail, every one."""

        def read(directions: Iterable[Direction]) -> Tables:
            for direction, table in part.tables(directions):
                entries = self._translated(FORWARD, [direction])
                left = self._repairs(entries, [direction]).left
                yield direction, table.join(left, on="text", how="semi", maintain_order="left")

        return Requests(part.directions(), read)

    def _repairs(self, entries: pl.DataFrame, directions: list[Direction]) -> Repairs:
        """What becomes of the entries of some directions; worked out again only where one of them has changed."""
        rule, place = self._routes.until, tuple(directions)
        if rule is None:
            return Repairs.none()
        state = entries.select(pl.struct(*SEGMENT, "key", "translation", "origin").hash().sum()).item()
        known = self._known_repairs.get(place)
        if known is None or known[0] != state:
            known = state, repairs_of(rule, entries, self._memory.hypotheses)
            self._known_repairs[place] = known
        return known[1]

    def _records(self, direction: Direction) -> pl.DataFrame:
        spec = self._first("record", direction)
        return self._stages[spec.fingerprint].entries(self._named("record", spec), direction)

    def broken_records(self) -> tuple[set[tuple[str, str]], Counter[str]]:
        """The records that must be sent in segments, as (language, request), and how many for which reason."""
        broken: set[tuple[str, str]] = set()
        reasons: Counter[str] = Counter()
        for direction in in_order(self._requested.get("record", ())):
            rows = self._records(direction).filter(pl.col("failure").is_not_null())
            broken.update((direction.target_lang, text) for text in rows["text"])
            reasons.update(failure.removeprefix("failed:") for failure in rows["failure"])
        return broken, reasons

    def _of_records(self, direction: Direction) -> pl.DataFrame:
        """An entry for each text of each record that fitted; what people corrected is as they say."""
        rows = self._records(direction).filter(pl.col("translation").is_not_null())
        found = rows.select("text", "translation", "engine").rows()
        texts = [
            (request, text, json.loads(translation)[key], engine)
            for request, translation, engine in found
            for key, text in items_of(request).items()
        ]
        columns = ["record", "text", "translation", "engine"]
        made = pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String), orient="row")
        people = self._memory.texts(direction, made.select(request="text").unique()).filter(
            pl.col("origin") != "machine"
        )
        made = made.join(
            people.select(text="request", said="text", origin="origin"), on="text", how="left", maintain_order="left"
        ).with_columns(
            translation=pl.coalesce("said", "translation"),
            origin=pl.col("origin").fill_null("machine"),
            carrier=pl.lit(value=False),
            hit_limit=pl.lit(value=False),
            attempt=pl.lit(1),
        )
        return _like(made, rows)


def _like(made: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """A frame with another's columns, null where it has none of that name."""
    return made.select(
        (pl.col(name) if name in made.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in other.schema.items()
    )
