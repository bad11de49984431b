"""Calibrate the quality score: a fit to a finished dataset's features, with people's translations or without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from glotmill.engine.commands.pair_files import given_pairs
from glotmill.engine.dataset.manifest import has_manifest, read_manifest
from glotmill.engine.dataset.recorded_rules import check_shards, scorers_of
from glotmill.engine.dataset.sound_rows import RECORDS
from glotmill.engine.storage.atomic_write import write_bytes
from glotmill.engine.storage.output_path import check_new_file
from glotmill.engine.storage.readable import reading
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.text.segments import plain
from glotmill.filters.contract import Scorer
from glotmill.filters.engine_thresholds import engine_thresholds, of_engine
from glotmill.filters.features.chrf import chrf
from glotmill.filters.features.pair_quality import FEATURES
from glotmill.filters.quality_fit import QualityFit, shipped_fit
from glotmill.filters.quality_fitting import MIN_ROWS, fit_quality
from glotmill.filters.registry import scorer_class
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import nfc

NEEDED = ("lexical", "nmt", "round_trip", "cross_entropy", "quality")  # scorers whose columns hold the features
# As `glotmill.filters.features.pair_quality.features` has them.
_COLUMNS = {
    "likely": pl.col("turn_nmt_logprob"),
    "way_back": -pl.col("turn_cross_entropy_reverse"),
    "gain": pl.col("turn_quality_gain"),
    "expected": pl.col("turn_quality_expected"),
    "round_trip": pl.col("turn_round_trip_chrf"),
    "complete": pl.col("turn_lexical_len_z").fill_null(0).clip(upper_bound=0),
}


@dataclass(frozen=True, slots=True)
class QualityOutcome(NotebookResult):
    """A fit of the quality score that was written.

    Attributes:
        path: The file.
        fit: What it holds.
        turns: Translated turns with all features.
        referenced: Of those, the ones with a translation by people.
    """

    path: Path
    fit: QualityFit
    turns: int
    referenced: int

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        counts = {"turns": self.turns, "referenced": self.referenced}
        return {"path": str(self.path), **counts, **self.fit.content.facts()}

    def notebook_view(self) -> View:
        """What each feature weighs."""
        rows = [(name, f"{weight:.4f}") for name, weight in self.fit.content.weights.items()]
        return f"Quality fit: {self.path}", [("feature", "weight"), *rows]


def calibrate_quality(folder: Path, references: Path | None, out: Path | None) -> QualityOutcome:
    """Fit the quality score to a build's translations, and write the fit to a file that a recipe can name.

    Args:
        folder: The build's folder.
        references: A file of sources and their translations by people, as ``glotmill score`` takes pairs.
        out: The file to write; None is ``quality.json`` in the build's folder.

    Raises:
        InputError: There is no dataset with quality scores in it, or too few turns; nothing was written.
    """
    path = out or folder / "quality.json"
    check_new_file(path, "--out")
    turns, engine, scorers = _turns(folder)
    known = None if references is None else _judged(turns, references)
    table = turns.select(FEATURES).cast(pl.Float64).to_numpy()
    langs, scores = turns["lang"].to_list(), {key: turns[column].to_numpy() for key, column in _scores(scorers).items()}
    own = engine_thresholds(scores, langs, scorers)
    fit = fit_quality(table, langs, engine, shipped_fit(), known, own)
    if not fit.content.usual:
        msg = f"calibrate {folder}: {turns.height:,} turns have all features of quality; a fit needs {MIN_ROWS}"
        raise InputError(msg)
    write_bytes(path, fit.data)
    return QualityOutcome(path, fit, turns.height, 0 if known is None else int(np.isfinite(known).sum()))


def _scores(scorers: Sequence[type[Scorer]]) -> dict[tuple[str, str], str]:
    """The columns of the scores that rules read which depend on the engine, by scorer and metric."""
    return {
        (scorer.name, one.metric): f"turn_{scorer.name}_{one.metric}" for scorer in scorers for one in of_engine(scorer)
    }


def _turns(folder: Path) -> tuple[pl.DataFrame, str, list[type[Scorer]]]:
    """(lang, source, target, features and scores of each judged turn; the engine's public name; the scorers)."""
    dataset = folder / "dataset"
    if not has_manifest(dataset):
        msg = f"calibrate {folder}: no dataset in it; name the folder of a finished build, such as outputs/NAME"
        raise InputError(msg)
    manifest = read_manifest(dataset)
    lacking = [name for name in NEEDED if name not in manifest.facts["scorers"]]
    if lacking:
        msg = f"calibrate {folder}: a quality fit needs {', '.join(lacking)}, too; add to score.scorers and build"
        raise InputError(msg)
    check_shards(dataset, manifest)
    files = [dataset / shard.path for shard in manifest.all_shards()]
    engines = sorted({facts["model"] for facts in manifest.facts["translators"].values()})
    scorers = list(map(scorer_class, scorers_of({"score": {"scorers": manifest.facts["scorers"]}})))
    scores = list(_scores(scorers).values())
    read = sorted({name for column in _COLUMNS.values() for name in column.meta.root_names()} | {*scores})
    names = ["source_messages", "messages", *read]
    if not files:
        empty = {"lang": pl.String, **dict.fromkeys([*FEATURES, *scores], pl.Float32)}
        return pl.DataFrame(schema=empty), engines[0], scorers
    with reading(*files, what=RECORDS):
        rows = pl.scan_parquet(files, glob=False).filter(row_status="ok").select("lang", *names).collect()
    turns = rows.explode(names)
    turns = turns.with_columns(
        source=pl.col("source_messages").struct.field("content"),
        target=pl.col("messages").struct.field("content"),
        **_COLUMNS,
    )
    return turns.drop_nulls(FEATURES).select("lang", "source", "target", *FEATURES, *scores), engines[0], scorers


def _judged(turns: pl.DataFrame, references: Path) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """chrF over 100 of each turn against people's translation of its source, NaN where there is none."""
    people: Mapping[tuple[str, str], str] = {
        (str(pair.lang), nfc(str(pair.source)).strip()): str(pair.target)
        for pair in given_pairs(references, None)
        if pair.failure is None
    }
    said = [
        people.get((lang, nfc(plain(source)).strip())) for lang, source in turns.select("lang", "source").iter_rows()
    ]
    found = np.full(turns.height, np.nan)
    there = np.array([text is not None for text in said], bool)
    texts = pl.Series([plain(text) for text in turns["target"].filter(pl.Series(there))], dtype=pl.String)
    found[there] = chrf(texts, pl.Series([text for text in said if text is not None], dtype=pl.String)) / 100
    return found
