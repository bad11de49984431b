"""Pack: composed, scored and judged records into shards, one folder a language.

Guarantees: a language's records stand in the order of the samples, so that languages share their source columns
byte for byte; samples assigned = kept + dropped + failed, checked for each language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from engine.stages.compose import Composer
from engine.stages.judge import judge
from engine.stages.score import score
from engine.store.scores import ScoreStore
from engine.store.shards import Shard, ShardWriter
from filters.rules import Policy
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
    """

    root: Path
    scorers: Sequence[Scorer]
    policy: Policy
    pack: Pack
    scores: ScoreStore
    translate_facts: Mapping[str, Any]

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
        while batch := list(islice(waiting, min(self.pack.row_group_rows, self.pack.shard_rows))):
            path = f"data/{lang}/{split}-{len(shards):05}.parquet"
            with ShardWriter(self.root, path, self.schema) as writer:
                room = self.pack.shard_rows
                while batch:
                    writer.write(*self._records(batch, composer))
                    advance(len(batch))
                    assigned += len(batch)
                    room -= len(batch)
                    batch = list(islice(waiting, min(self.pack.row_group_rows, room)))
                entries = composer.take_entries_digest()
                shards.append(writer.close(translate=digest({**self.translate_facts, "entries": entries})))
        counted = sum(shard.rows for shard in shards)
        if counted != assigned:
            msg = f"{lang}: {assigned} samples assigned, but {counted} records kept, dropped and failed"
            raise ConservationError(msg)
        return shards

    def _records(self, batch: list[dict[str, Any]], composer: Composer) -> tuple[pa.Table, Counter[str]]:
        """(records, how many rows each rule warns of)."""
        composed = composer.compose(batch)
        scored = score(composed, self.scorers, self.scores)
        facts = pl.DataFrame(composed.records.select(["lang", "failure"]))
        verdict = judge(facts.hstack(scored), self.policy)
        skipped = pl.Series("scores_skipped", [[]] * len(batch), dtype=pl.List(pl.String))
        measured = scored.with_columns(skipped).hstack(verdict).to_arrow()
        table = composed.records.drop_columns(["failure"])
        schema = self.schema
        for name in schema.names[table.num_columns :]:
            table = table.append_column(name, measured[name])
        return table.cast(schema), Counter(verdict["warnings"].explode().drop_nulls())
