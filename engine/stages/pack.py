"""Pack: composed, scored and judged records into shards, one folder a language.

Guarantees: a shard is scored whole, so that scores which compare rows see all of it and nothing else; a language's
records stand in the order of the samples, so that languages share their source columns byte for byte; samples
assigned = kept + dropped + failed, checked for each language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from engine.stages.compose import COMPOSED_ROWS, ComposedRows, Composer, together
from engine.stages.judge import judge
from engine.stages.score import score
from engine.store.scores import ScoreStore
from engine.store.shards import Shard, ShardWriter
from filters.policy import Policy
from filters.scorer import Scorer
from recipes.model import Pack
from schemas.errors import ConservationError
from schemas.keys import digest
from schemas.record import record_schema


@dataclass(frozen=True, slots=True)
class Packer:
    """What turns samples into shards.

    Attributes:
        root: The dataset's folder.
        scorers: What measures.
        policy: What decides.
        pack: How shards are cut.
        scores: Keeps what expensive scorers measured.
        translate_facts: What decides a translation beside the entries it is composed from, for fingerprints.
        skip_rejected: Spare expensive scorers what cheap rules reject.
    """

    root: Path
    scorers: Sequence[Scorer]
    policy: Policy
    pack: Pack
    scores: ScoreStore
    translate_facts: Mapping[str, Any]
    skip_rejected: bool

    @property
    def schema(self) -> pa.Schema:
        """The dataset's record schema."""
        return record_schema(metric for scorer in self.scorers for metric in scorer.metrics)

    def language(
        self,
        lang: str,
        split: str,
        rows: Iterable[dict[str, Any]],
        composer: Composer,
        advance: Callable[[int], None],
    ) -> list[Shard]:
        """Write all shards of one language and split.

        Args:
            lang: The language.
            split: The split.
            rows: Its samples, in order.
            composer: Puts its records together.
            advance: Told how many records were written.

        Raises:
            ConservationError: Fewer or more records than samples.
        """
        waiting = iter(rows)
        shards: list[Shard] = []
        assigned = 0
        while parts := list(self._composed(islice(waiting, self.pack.shard_rows), composer)):
            path = f"data/{lang}/{split}-{len(shards):05}.parquet"
            table, warned = self._records(together(parts))
            with ShardWriter(self.root, path, self.schema) as writer:
                writer.write(table.slice(0, self.pack.row_group_rows), warned)
                for start in range(self.pack.row_group_rows, table.num_rows, self.pack.row_group_rows):
                    writer.write(table.slice(start, self.pack.row_group_rows))
                entries = composer.take_entries_digest()
                shards.append(writer.close(translate=digest({**self.translate_facts, "entries": entries})))
            advance(table.num_rows)
            assigned += table.num_rows
        counted = sum(shard.rows for shard in shards)
        if counted != assigned:
            msg = f"{lang}: {assigned} samples assigned, but {counted} records kept, dropped and failed"
            raise ConservationError(msg)
        return shards

    def _composed(self, rows: Iterable[dict[str, Any]], composer: Composer) -> Iterator[ComposedRows]:
        """The records of a shard, some thousand rows as Python objects at a time."""
        rows = iter(rows)
        while batch := list(islice(rows, COMPOSED_ROWS)):
            yield composer.compose(batch)

    def _records(self, composed: ComposedRows) -> tuple[pa.Table, Counter[str]]:
        """(records, how many rows each rule warns of)."""
        scored = score(composed, self.scorers, self.scores, self.policy if self.skip_rejected else None)
        facts = pl.DataFrame(composed.records.select(["lang", "task", "failure"]))
        verdict = judge(facts.hstack(scored), self.policy)
        measured = scored.hstack(verdict).to_arrow()
        table = composed.records.drop_columns(["failure"])
        schema = self.schema
        for name in schema.names[table.num_columns :]:
            table = table.append_column(name, measured[name])
        return table.cast(schema), Counter(verdict["warnings"].explode().drop_nulls())
