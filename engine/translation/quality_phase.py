"""The quality phase: a sample of each language, translated before any record, from which the quality score is fitted.

Guarantees: the sample follows from the samples' ids, not from their order; it is translated, translated back and scored
by units like any other text, in lists of its own, so a build that is killed here goes on here. The build's own phases
then find what was translated here in the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.samples.sample_files import read_columns, sample_rows, sample_tables
from glotmill.engine.text.fields import field_type, turn_lang, turn_texts
from glotmill.engine.text.segments import split
from glotmill.engine.translation.back_translation import back_requests
from glotmill.engine.translation.forced_scores import ForcedStage
from glotmill.engine.translation.language_entries import LanguageEntries
from glotmill.engine.translation.requests import Segments
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.translators import TranslatorSpec
from glotmill.engine.translators.shared.routes import Routes
from glotmill.engine.workers.shared_pools import Pools
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.schemas.sample import SAMPLE_SCHEMA

SAMPLE = 1_000  # samples of each language
_FORCED = pl.col("reverse").list
_WORDS = pl.col("source").str.strip_chars().str.count_matches(r"\S+")


def write_sample(files: Sequence[Path], langs: Sequence[str], path: Path) -> Path:
    """A sample file of some samples of each language, each for the languages alone that drew it.

    A sample's id is a hash, so the lowest ids are a draw that no other sample decides.
    """
    ids = read_columns(files, "source_id", "source_lang", "langs").explode("langs").rename({"langs": "lang"})
    wanted = ids.filter(pl.col("lang").is_in(list(langs)), pl.col("lang") != pl.col("source_lang"))
    drawn = wanted.unique(["source_id", "lang"]).sort("source_id").group_by("lang", maintain_order=True).head(SAMPLE)
    chosen = drawn.sort("source_id", "lang").group_by("source_id", maintain_order=True).agg("lang")
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, SAMPLE_SCHEMA, compression="zstd") as writer:
        for samples in sample_tables(files):
            rows = pl.DataFrame({"source_id": pl.Series(samples["source_id"])}).with_row_index("row")
            found = rows.join(chosen, on="source_id", maintain_order="left").unique("source_id", maintain_order=True)
            if found.height:
                place = SAMPLE_SCHEMA.get_field_index("langs")
                own = found["lang"].to_arrow().cast(SAMPLE_SCHEMA.field(place).type)
                some = samples.take(found["row"].to_arrow())
                writer.write_table(some.set_column(place, SAMPLE_SCHEMA.field(place), own).cast(SAMPLE_SCHEMA))
                chosen = chosen.join(found.select("source_id"), on="source_id", how="anti")
    return path


class QualityPhase:
    """Has a sample translated, translated back and scored, and gives what a build knows of it.

    Args:
        routes: Who translates what.
        spec: The engine that scores.
        memory: Keeps the translations.
        scores: Keeps the forced scores.
        run: Notes the sample and its units; a folder of its own in the build's run.
        pools: Do the units.
    """

    def __init__(
        self, routes: Routes, spec: TranslatorSpec, memory: Memory, scores: ScoreStore, run: Run, pools: Pools
    ) -> None:
        self._spec, self._scores, self._pools = spec, scores, pools
        self._run = run
        self._work = RoutedStage(routes, memory, self._run, pools)

    def pairs(self, files: Sequence[Path], langs: Sequence[str], progress: ProgressReport) -> pa.Table:
        """The segments of a sample as rows of `PAIR_SCHEMA`; of a text that failed there is none.

        Args:
            files: Sample files of the build.
            langs: Target languages.
            progress: Shows the work.
        """
        path = write_sample(files, langs, self._run.folder / "samples.parquet")
        requested, fields = _segments(path)
        with progress.stage("quality", "segments") as stage:
            self._work.translate("forward", requested, retry_failed=False, advance=stage.advance)
            forced = ForcedStage(self._spec, self._work, requested, self._scores, self._run, self._pools.of(self._spec))
            forced.force(stage.advance)
            ways_back = back_requests(self._work, requested)
            self._work.translate("back", ways_back, retry_failed=False, advance=stage.advance)
        entries = LanguageEntries(self._work, requested, returned=True, forced=forced)
        found = pa.concat_tables(
            [PAIR_SCHEMA.empty_table(), *(_pairs(entries.into(lang), lang, fields) for lang in langs)]
        )
        self._run.finish({"pairs": found.num_rows})
        return found


def _segments(path: Path) -> tuple[Segments, pl.DataFrame]:
    """(the segments of the turns of a sample file, columns source, lang, source_lang and field_type of each)."""
    segments = Segments()
    kinds: dict[tuple[str, str], tuple[str, str]] = {}
    for row in sample_rows([path]):
        for number, turn in enumerate(row["source_messages"]):
            requests = [
                request for text in turn_texts(row, turn) for request in split(text, row["source_lang"]).requests
            ]
            kind = field_type(row, number)
            into = tuple(lang for lang in row["langs"] if turn_lang(row, number, lang) == lang != row["source_lang"])
            segments.add(row["source_lang"], into, requests)
            for lang in into:
                for request in requests:
                    kinds.setdefault((request, lang), (row["source_lang"], kind))
    rows = [(*key, *value) for key, value in kinds.items()]
    names = ("source", "lang", "source_lang", "field_type")
    return segments, pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")


def _pairs(entries: pl.DataFrame, lang: str, fields: pl.DataFrame) -> pa.Table:
    """The entries into a language as pairs, in the order of their texts."""
    known = entries.filter(pl.col("translation").is_not_null()).rename({"text": "source", "translation": "target"})
    whole = pl.when(_FORCED.len() == _WORDS + 2)
    found = known.with_columns(lang=pl.lit(lang)).join(fields, on=["source", "lang"]).sort("source")
    columns = found.select(
        "source", "target", "lang", "source_lang", "field_type", "back", "back_failed", "logprob", "hit_limit",
        reverse_words=whole.then(_FORCED.head(_FORCED.len() - 2)),
        reverse_end=whole.then(_FORCED.get(-2, null_on_oob=True)),
        source_tokens=whole.then(_FORCED.get(-1, null_on_oob=True)),
        alone_words=pl.col("alone").list.head(pl.col("alone").list.len() - 2),
    )  # fmt: skip
    return pa.table(
        [columns[field.name].to_arrow().cast(field.type) if field.name in columns.columns
         else pa.nulls(columns.height, field.type) for field in PAIR_SCHEMA],
        schema=PAIR_SCHEMA,
    )  # fmt: skip
