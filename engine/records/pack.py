"""Pack: composed, scored and judged records into shards, one folder a language.

Guarantees: scores which compare rows see all of a shard and nothing else; a record stands
where the layout puts it; samples assigned + records withdrawn = kept + dropped + failed, checked for each language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.engine.dataset.fingerprints import ShardFingerprints
from glotmill.engine.dataset.shards import WITHDRAWN, Shard, ShardWriter, published_schema
from glotmill.engine.dataset.stated_rows import StatedRows
from glotmill.engine.dataset.verdict_columns import read_records
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.records.compose import Composer, entries_digest
from glotmill.engine.records.composed_rows import COMPOSED_SCHEMA, FAILURE, NOTHING, ComposedRows, together
from glotmill.engine.records.layout import Samples, ShardPlan
from glotmill.engine.records.recipe_scorers import RecipeScorers
from glotmill.engine.records.score import SKIPPED, score
from glotmill.engine.records.shard_parts import Part, PartFolder
from glotmill.engine.records.verdict import judge
from glotmill.engine.records.windows import Piece
from glotmill.filters.contract import Scorer
from glotmill.filters.policy import Policy
from glotmill.schemas.pictures import picture_key
from glotmill.schemas.record import VERDICT_FIELDS, record_schema
from glotmill.schemas.record_rules import validate
from glotmill.schemas.sample import STRINGS


@dataclass(frozen=True, slots=True)
class ComposedShard:
    """A shard that is composed, and not yet scored.

    Attributes:
        plan: Its records, and where they stand.
        rows: Those that are not withdrawn.
        answers: How many of their answers and choices went which way.
        fingerprints: What decides its content, by stage.
        scores: The scores of those scorers that do not compare rows, where its parts have them.
    """

    plan: ShardPlan
    rows: ComposedRows
    answers: dict[str, int]
    fingerprints: dict[str, str]
    scores: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Packer:
    """What turns samples into shards.

    Attributes:
        root: The folder that the shards are written into.
        parts: The folder that parts of shards are kept in until these are whole.
        published: The dataset's folder, which holds the records that are withdrawn.
        samples: The samples.
        scorers: What measures.
        policy: What decides.
        row_group_rows: Rows of a row group of a new shard.
        scores: Keeps what expensive scorers measured.
        skip_rejected: Spare expensive scorers what cheap rules reject.
        fingerprints: What decides a shard's content.
    """

    root: Path
    parts: Path
    published: Path
    samples: Samples
    scorers: RecipeScorers
    policy: Policy
    row_group_rows: int
    scores: ScoreStore
    skip_rejected: bool
    fingerprints: ShardFingerprints

    @property
    def schema(self) -> pa.Schema:
        """The dataset's record schema."""
        return record_schema(
            (metric for scorer in self.scorers.get() for metric in scorer.metrics),
            labels=(label for scorer in self.scorers.get() for label in scorer.labels),
        )

    def compose(self, plans: Sequence[ShardPlan], composer: Composer) -> list[ComposedShard]:
        """Compose shards of one language, neighbours that are small in one go.

        Args:
            plans: Their records, and where they stand.
            composer: Puts them together.
        """
        made: list[ComposedShard] = []
        for small, some in groupby(plans, key=attrgetter("small")):
            alike = list(some)
            made += self._small(alike, composer) if small else [self._large(plan, composer) for plan in alike]
        return made

    def _large(self, plan: ShardPlan, composer: Composer) -> ComposedShard:
        parts = [composer.compose(samples) for samples in self.samples.tables(plan.present)]
        rows = together(parts) if parts else NOTHING
        return self._of_part(plan, Part(rows, None, composer.take_used(), composer.take_origins()))

    def _small(self, plans: Sequence[ShardPlan], composer: Composer) -> list[ComposedShard]:
        present = [plan.present for plan in plans]
        samples = pa.concat_tables(self.samples.tables(pl.concat(present)))
        parts = composer.compose_small(samples, list(map(len, present)))
        return list(map(self._of_part, plans, parts))

    def _of_part(self, plan: ShardPlan, part: Part) -> ComposedShard:
        """A shard that consists of one part."""
        prints = self.fingerprints.of(plan.digest, entries_digest(part.used))
        return ComposedShard(plan, part.rows, part.answers, prints, part.scores)

    def compose_part(self, piece: Piece, composer: Composer) -> None:
        """Compose a part of a shard, score it as far as it goes without the rest, and keep it.

        Args:
            piece: Its records.
            composer: Puts them together.
        """
        rows = together([composer.compose(samples) for samples in self.samples.tables(piece.places)])
        scores = None
        if not self.skip_rejected:  # else scores of the whole shard decide what is scored
            scores = score(rows, self._scorers(whole_shard=False), self.scores)
            if not self._scorers(whole_shard=True):
                rows = ComposedRows(rows.records, rows.turns.slice(0, 0))
        part = Part(rows, scores, composer.take_used(), composer.take_origins())
        PartFolder(self.parts, piece.plan.path).write(piece.start, part)

    def joined(self, plan: ShardPlan) -> ComposedShard:
        """A shard from all of its parts."""
        return self._of_part(plan, PartFolder(self.parts, plan.path).read())

    def _scorers(self, *, whole_shard: bool) -> list[Scorer]:
        return [scorer for scorer in self.scorers.get() if scorer.whole_shard == whole_shard]

    def finish(self, shards: Sequence[ComposedShard]) -> list[Shard]:
        """Score, judge and write shards, which takes little longer for many small ones than for one of their rows.

        Raises:
            ConservationError: A file does not hold its records.
        """
        schema = published_schema(self.schema)
        records, heights = self._scored(shards)
        table, warnings = self._judged(records)
        validate(table, schema)
        made, start = [], 0
        for shard, stated in zip(shards, StatedRows.of(table, heights), strict=True):
            rows = stated.rows.height
            warned = Counter(code for codes in warnings[start : start + rows].to_list() for code in codes)
            writer = ShardWriter(self.root, shard.plan.path, schema, stated)
            made.append(self._written(shard, table.slice(start, rows), warned, writer))
            start += rows
        return made

    def _written(self, shard: ComposedShard, records: pa.Table, warned: Counter[str], writer: ShardWriter) -> Shard:
        old = shard.plan.old
        with writer:
            start = 0
            for rows in old.row_groups if old else _cut(records.num_rows, self.row_group_rows):
                writer.write(records.slice(start, rows), checked=True)
                start += rows
            return writer.close(warned=warned, answers=shard.answers, fingerprints=shard.fingerprints)

    def _scored(self, shards: Sequence[ComposedShard]) -> tuple[pa.Table, list[int]]:
        """(the records of all shards in order, how many each has); with scores and failures, without a verdict."""
        composed = together([shard.rows for shard in shards])
        if len(shards) > 1:  # else each column would be in as many chunks, and each of them be looked at
            composed = ComposedRows(composed.records.combine_chunks(), composed.turns.combine_chunks())
        counts = [shard.rows.records.num_rows for shard in shards]
        skip = self.policy if self.skip_rejected else None
        done = shards[0].scores
        if done is None:
            measured = score(composed, self.scorers.get(), self.scores, skip, counts).to_arrow()
        else:  # a shard by itself
            rest = score(composed, self._scorers(whole_shard=True), self.scores)
            measured = done.hstack(rest.drop(SKIPPED)).to_arrow()
        schema = self._unjudged()
        columns = dict(zip(composed.records.column_names, composed.records.columns, strict=True))
        columns |= {name: measured[name] for name in schema.names if name not in columns}
        table = pa.table([columns[name] for name in schema.names], names=schema.names).cast(schema)
        if not any(shard.plan.withdrawn for shard in shards):
            return table, counts
        starts = np.cumsum([0, *counts])
        tables = [
            self._with_withdrawn(shard.plan, table.slice(start, count))
            for shard, start, count in zip(shards, starts.tolist(), counts, strict=False)
        ]
        return pa.concat_tables(tables), [part.num_rows for part in tables]

    def _with_withdrawn(self, plan: ShardPlan, table: pa.Table) -> pa.Table:
        """A shard's records with those that are withdrawn, in the shard's order."""
        if not plan.withdrawn or plan.old is None:
            return table
        schema = table.schema
        gone = plan.places.is_null()
        left = read_records(self.published / plan.old.path, gone.arg_true(), schema)
        left = left.set_column(schema.get_field_index("failure"), FAILURE, pa.array([WITHDRAWN] * len(left)))
        left = _with_keys(left)
        # Present records first, then withdrawn ones; back in the order of the shard.
        order = pl.select(pl.concat([(~gone).arg_true(), gone.arg_true()]).arg_sort()).to_series()
        return pa.concat_tables([table, left]).take(order.to_arrow())

    def _unjudged(self) -> pa.Schema:
        verdict = [field.name for field in VERDICT_FIELDS]
        fields = [field for field in self.schema if field.name not in verdict]
        place = len(COMPOSED_SCHEMA) - 1
        return pa.schema([*fields[:place], FAILURE, *fields[place:]])

    def _judged(self, records: pa.Table) -> tuple[pa.Table, pl.Series]:
        """(records, the codes of the rules that warn of each)."""
        scores = [name for name in records.schema.names if name.startswith("score_")]
        facts = pl.DataFrame(records.select(["lang", "task", "failure", *scores, "scores_skipped"]))
        verdict = judge(facts, self.policy)
        measured = verdict.to_arrow()
        table = records.drop_columns(["failure"])
        for field in VERDICT_FIELDS:
            table = table.append_column(field.name, measured[field.name])
        return table.cast(self.schema), verdict["warnings"]


def _with_keys(records: pa.Table) -> pa.Table:
    """Records with the keys of their pictures, which those of an older schema lack; their names say what is known."""
    place = records.schema.get_field_index("image_keys")
    if not records["image_keys"].null_count:
        return records
    keys = [[picture_key(ref["uri"], ref["image_id"]) for ref in refs] for refs in records["image_refs"].to_pylist()]
    return records.set_column(place, records.schema.field(place), pa.array(keys, STRINGS))


def _cut(rows: int, most: int) -> list[int]:
    """Rows of each row group."""
    return [min(most, rows - start) for start in range(0, rows, most)]
