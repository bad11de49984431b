"""Forced scores: how probable a source is to the engine, word by word, given its translation and given nothing.

Guarantees: each different (source, translation) is scored once, each different source alone once whatever the number
of languages, both for ever; scores are read back from the store, one for each requested pair, or the stage raises. A
pair that the engine cannot score has none, which is remembered too. Carriers' translations are not scored.

An entry of the score store under `FORCED` holds ln P of each word of the source, words as white space parts them, then
of its end, then the source's tokens with the end; null where there is no score.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType

import polars as pl

from glotmill.engine.memory.entries import Direction
from glotmill.engine.memory.scores import VALUES, ScoreStore
from glotmill.engine.runs.run import Run
from glotmill.engine.translation.keyed_requests import not_requested
from glotmill.engine.translation.known_entries import KnownEntries
from glotmill.engine.translation.requests import ALL, RequestSource, Selection
from glotmill.engine.translation.settled import Settled
from glotmill.engine.translation.stage import Work, in_portions
from glotmill.engine.translation.unit_work import UnitWork
from glotmill.engine.translation.window_order import WindowPlace, alone
from glotmill.engine.translators import TranslatorSpec
from glotmill.engine.workers.pool import Pool
from glotmill.engine.workers.units import UnitResult
from glotmill.schemas.errors import ConservationError
from glotmill.schemas.keys import digest, score_keys

FORCED = "forced"
VERSION = 1
# What an engine gets as the translation when a source's own probability is requested: as good as nothing.
NOTHING = "."
PAIR = ["source_lang", "target_lang", "text", "translation"]
NOT_YET = pl.col("translation").is_null() & pl.col("failure").is_null()
FORCED_COLUMNS = {"reverse": pl.List(pl.Float32), "alone": pl.List(pl.Float32)}


@dataclass(frozen=True, slots=True)
class ForcedCount:
    """What the stage did.

    Attributes:
        unique: Different requested pairs, sources alone among them.
        scored: Of those, sent to the engine in this run.
        from_store: Of those, known when the stage began.
        failed: Of the unique ones, those without a score.
    """

    unique: int
    scored: int
    from_store: int
    failed: int

    def __add__(self, other: ForcedCount) -> ForcedCount:
        return ForcedCount(
            self.unique + other.unique,
            self.scored + other.scored,
            self.from_store + other.from_store,
            self.failed + other.failed,
        )


class ForcedStage:
    """Asks for the forced scores of what the forward phase translated.

    Args:
        spec: The engine.
        work: The translate stage, after its forward phase.
        forward: Its requests.
        scores: Keeps the scores.
        run: Notes what is requested and done.
        pool: Does it.
        needed: Which translations are scored.
        place: The window's, where there are several.
    """

    def __init__(
        self,
        spec: TranslatorSpec,
        work: Work,
        forward: RequestSource,
        scores: ScoreStore,
        run: Run,
        pool: Pool,
        needed: Selection = ALL,
        place: WindowPlace | None = None,
    ) -> None:
        self._place = place or alone()
        self._spec = spec
        self._fingerprint = digest([FORCED, VERSION, spec.fingerprint])
        self._translated = work
        self._forward = forward
        self._scores = scores
        self._needed = needed
        self._run = run
        self._known = KnownEntries(run, lambda: scores.files.last)
        self._work = UnitWork(spec, run, pool, last=self._place.last)

    def force(self, advance: Callable[[int, int], None]) -> ForcedCount:
        """Have scores in the store for all pairs.

        Args:
            advance: Is called with (pairs done now, pairs to do in all); none done when the workers are ready.

        Raises:
            ConservationError: A pair is not in the store after all units were done.
            WorkerError: A unit cannot be done.
        """
        unique, settled = 0, Settled()
        missing = [pl.DataFrame(schema=dict.fromkeys(["key", *PAIR], pl.String))]
        with self._place.planning(FORCED) as before:
            self._known.begin()
            for pairs in in_portions(self._write_requests()):
                unique += pairs.height
                known = self._scores.known(FORCED, pairs["key"])
                settled.add_entries(known)
                unknown = self._known.keep(FORCED, pairs, known)
                missing.append(not_requested(self._run, before, FORCED, unknown))
            self._known.planned(FORCED)
        todo = pl.concat(missing)
        sent = 0
        for result in self._work.results(FORCED, todo, self._commit, advance):
            sent += result.results.num_rows
            settled.add_results(result.results)
        self._place.through(FORCED)
        self._place.await_entries(FORCED)
        failed = 0 if settled.all_whole(unique) and sent == todo.height else self._failed()
        count = ForcedCount(unique, sent, unique - todo.height, failed)
        self._run.event("phase_done", phase=FORCED, **asdict(count))
        return count

    def _failed(self) -> int:
        """How many pairs have no score, as they are read."""
        ways = self._directions(self._forward.directions())
        requested = in_portions(self._run.read_requests(FORCED, direction) for direction in ways)
        return sum(int(self._found(pairs, pl.col("values").is_null())["values"].sum()) for pairs in requested)

    def look(self, *, retry_failed: bool) -> int:
        """How many pairs `force` would send; of what is still to be translated one each, and its source alone.

        Args:
            retry_failed: Remembered failures are sent again, and count as still to be translated.
        """
        rest = pl.col("translation").is_null() if retry_failed else NOT_YET
        ahead, count = {}, 0
        with self._place.planning(FORCED) as before:
            for direction, found in self._translated.entries_in_turn("forward", self._forward.directions()):
                ahead[direction] = found.filter(~pl.col("carrier") & rest)["text"]
                count += self._not_before("forward", before, found.filter(~pl.col("carrier") & rest), direction)
            for direction, pairs in self._pairs(ahead):
                self._run.write_requests(FORCED, direction, pairs)
                count += self._not_before(FORCED, before, self._unknown(pairs), direction)
        return count

    def _not_before(self, phase: str, before: Sequence[int], rows: pl.DataFrame, direction: Direction) -> int:
        """How many of these rows no window before requests."""
        languages = {"source_lang": pl.lit(direction.source_lang), "target_lang": pl.lit(direction.target_lang)}
        return not_requested(self._run, before, phase, rows.with_columns(**languages)).height

    def _unknown(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """The pairs of which the store has nothing."""
        return pairs.join(self._scores.lookup(FORCED, pairs["key"]), on="key", how="anti", maintain_order="left")

    def _write_requests(self) -> Iterator[pl.DataFrame]:
        """The pairs of each direction; kept on disk to be read again."""
        for direction, pairs in self._pairs():
            self._run.write_requests(FORCED, direction, pairs)
            yield pairs

    def beside(self, entries: Mapping[Direction, pl.DataFrame]) -> Iterator[tuple[Direction, pl.DataFrame]]:
        """Entries of forward directions with `FORCED_COLUMNS`; null where nothing was requested or scored.

        Args:
            entries: Columns text (the request) and translation, among others, by direction.

        Raises:
            ConservationError: A translation is another one than was scored.
        """
        scored = self._read(entries)
        for direction, rows in entries.items():
            reverse = scored[direction.back].select(text="translation", scored="text", reverse="values")
            alone = scored[_alone(direction)].select(text="translation", alone="values")
            joined = rows.join(reverse, on="text", how="left", maintain_order="left")
            changed = joined.filter(pl.col("scored") != pl.col("translation"))
            if changed.height:
                msg = (
                    f"the memory has another translation than when it was scored (a correction, or another build's "
                    f"retry): {changed['translation'][0]!r} has no forced score; run the same command again"
                )
                raise ConservationError(msg)
            yield direction, joined.drop("scored").join(alone, on="text", how="left", maintain_order="left")

    @staticmethod
    def _directions(forward: Collection[Direction]) -> list[Direction]:
        """Those of the forced pairs: the forward ones turned round, and each source language alone."""
        return list(dict.fromkeys([*(d.back for d in forward), *(_alone(d) for d in forward)]))

    def _pairs(
        self, ahead: Mapping[Direction, pl.Series] = MappingProxyType({})
    ) -> Iterator[tuple[Direction, pl.DataFrame]]:
        """Columns key and `PAIR` of each direction; the sources are the translations that are forced.

        Args:
            ahead: More sources that will be requested alone, by their forward direction.
        """
        sources: dict[Direction, list[pl.Series]] = {}
        for direction, found in self._translated.entries_in_turn("forward", self._forward.directions()):
            entries = self._needed.among(found.filter(~pl.col("carrier")), direction.target_lang)
            scored = entries.filter(pl.col("translation").is_not_null())
            alone = sources.setdefault(_alone(direction), [])
            alone += [scored["text"], *([ahead[direction]] if direction in ahead else [])]
            yield direction.back, self._keyed(direction.back, scored["translation"], scored["text"])
        for direction, texts in sources.items():
            different = pl.concat(texts).unique().sort()
            nothing = pl.repeat(NOTHING, len(different), dtype=pl.String, eager=True)
            yield direction, self._keyed(direction, nothing, different)

    def _keyed(self, direction: Direction, texts: pl.Series, translations: pl.Series) -> pl.DataFrame:
        frame = pl.DataFrame({"text": texts, "translation": translations}).select(
            source_lang=pl.lit(direction.source_lang),
            target_lang=pl.lit(direction.target_lang),
            text="text",
            translation="translation",
        )
        engine = digest([FORCED, VERSION, self._spec.fingerprint_into(direction.target_lang)])
        return frame.select(score_keys(engine, frame), *PAIR)

    def _commit(self, result: UnitResult) -> str:
        return self._scores.add(FORCED, self._fingerprint, result.unit.rows["key"], result.results["values"]).name

    def _read(self, forward: Collection[Direction]) -> dict[Direction, pl.DataFrame]:
        """The pairs of some forward directions with their ``values``, read back from the store in one look-up."""
        pairs = {direction: self._run.read_requests(FORCED, direction) for direction in self._directions(forward)}
        if not pairs:
            return {}
        found = self._found(pl.concat(pairs.values()))
        return {way: own.join(found, on="key", how="left", maintain_order="left") for way, own in pairs.items()}

    def _found(self, pairs: pl.DataFrame, values: pl.Expr = VALUES) -> pl.DataFrame:
        """Columns key and values of all pairs, read back from the store."""
        columns: list[str | pl.Expr] = ["key", values.alias("values")]
        found = self._known.read(
            FORCED, pairs, columns, lambda rows, last: self._scores.lookup(FORCED, rows["key"], values, after=last)
        )
        if found.height != pairs.height:
            lost = pairs.join(found, on="key", how="anti")["translation"]
            msg = f"{len(lost)} forced scores are not in the store after all units were done, such as of {lost[0]!r}"
            raise ConservationError(msg)
        return found


def _alone(direction: Direction) -> Direction:
    return Direction(direction.source_lang, direction.source_lang)
