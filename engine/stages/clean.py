"""Clean: takes rows out of the English sources, step by step.

Guarantees: every row taken out stands in ``rejected.parquet`` with the step's reason; of rows that say the same the
first stays, so appended rows take nothing away that was there; rows in = rows kept + rows rejected, checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from engine.sources import open_source
from engine.stages import duplicates, sampling
from engine.stages.ingest import REJECTED, SourceCount
from engine.stages.sample_files import read_columns, rewrite
from engine.text.noun_phrases import noun_phrases
from recipes.clean import CleanStep, Clusters, Contamination, Exact, NearDuplicates, NounPhrases
from schemas.errors import ConservationError, RowError
from schemas.sample import IMAGE_MARKER, REJECTED_SCHEMA

Removed = dict[int, tuple[str, str]]  # place -> (reason, detail)


def clean_samples(folder: Path, steps: Sequence[CleanStep], counts: dict[str, SourceCount]) -> dict[str, SourceCount]:
    """Put the sources through the steps.

    Args:
        folder: The folder of the samples.
        steps: What to do, in order.
        counts: What ingest gave each source.

    Returns:
        The counts with what was taken out as rejected.

    Raises:
        InputError: A step's library or evaluation set is not there.
        ConservationError: The files do not hold what is left.
    """
    for step in steps:
        rows = _rows(folder, step)
        removed = _removed(rows, step)
        gone = rows[sorted(removed)].with_columns(
            reason=pl.Series([f"clean.{removed[place][0]}" for place in sorted(removed)], dtype=pl.String),
            detail=pl.Series([removed[place][1] for place in sorted(removed)], dtype=pl.String),
        )
        for name in step.sources:
            own = gone.filter(pl.col("set") == name)
            _take_out(folder / f"{name}.parquet", set(own["source_id"]), counts[name].samples)
            samples, rejected = counts[name].samples - own.height, counts[name].rejected + own.height
            counts = {**counts, name: replace(counts[name], samples=samples, rejected=rejected)}
        _note(folder / REJECTED, gone)
    return counts


def _rows(folder: Path, step: CleanStep) -> pl.DataFrame:
    """set, source_id, row_id, text and images of the rows that a step looks at, in order."""
    content = pl.element().struct.field("content").str.replace_all(IMAGE_MARKER, "", literal=True).str.strip_chars()
    return read_columns(
        [folder / f"{name}.parquet" for name in step.sources],
        "source_id",
        pl.col("source").struct.field("row_id").alias("row_id"),
        pl.col("source_messages").list.eval(content).list.join("\n").str.strip_chars().alias("text"),
        pl.col("image_refs").list.eval(pl.element().struct.field("image_id")).alias("images"),
    )


def _removed(rows: pl.DataFrame, step: CleanStep) -> Removed:
    texts, ids = rows["text"].to_list(), rows["row_id"].to_list()
    match step:
        case Exact():
            keys = [duplicates.simplified(text) for text in texts]
            if step.by == "text_and_images":
                keys = ["\n".join((key, *images)) for key, images in zip(keys, rows["images"].to_list(), strict=True)]
            same = duplicates.exact_duplicates(keys)
            return {place: ("exact_duplicate", f"of {ids[first]}") for place, first in same.items()}
        case NearDuplicates():
            near = duplicates.near_duplicates(texts, step)
            return {place: ("near_duplicate", f"of {ids[first]}") for place, first in near.items()}
        case Contamination():
            return _contaminated(rows, step)
        case NounPhrases():
            kept = sampling.balanced(rows["source_id"], noun_phrases(texts, step.model), step)
            return {place: ("noun_phrases", "") for place in range(rows.height) if place not in kept}
        case Clusters():
            kept = sampling.thinned(rows["source_id"], texts, step)
            return {place: ("clusters", "") for place in range(rows.height) if place not in kept}


def _contaminated(rows: pl.DataFrame, step: Contamination) -> Removed:
    texts, images = _evaluation_sets(step)
    removed: Removed = {}
    if step.text:
        shared = duplicates.shared_ngrams(rows["text"].to_list(), texts, step.ngrams)
        removed = {place: ("contaminated_text", f"{name}: {gram}") for place, (name, gram) in shared.items()}
    if step.images:
        for place, own in enumerate(rows["images"].to_list()):
            name = next((images[image] for image in own if image in images), None)
            if name is not None:
                removed[place] = ("contaminated_image", name)
    return removed


def _evaluation_sets(step: Contamination) -> tuple[dict[str, list[str]], dict[str, str]]:
    """(texts by set, set by image id); a row of a set that is not usable has nothing to compare."""
    texts: dict[str, list[str]] = {}
    images: dict[str, str] = {}
    for name, source in step.against.items():
        reader = open_source(f"clean.against.{name}", source)
        listed = texts.setdefault(name, [])
        for _, raw in reader.rows():
            try:
                if isinstance(raw, RowError):
                    continue
                sample = reader.sample(raw)
            except RowError:
                continue
            turns = (content.replace(IMAGE_MARKER, "").strip() for _, content in sample.messages)
            listed.append("\n".join(turns).strip())
            images |= {image.image_id: name for image in sample.images}
    return texts, images


def _take_out(path: Path, gone: set[str], before: int) -> None:
    def left(table: pa.Table) -> pa.Table:
        keep = ~pl.DataFrame(table.select(["source_id"]))["source_id"].is_in(list(gone))
        return table.filter(keep.to_arrow())

    written = rewrite(path, left)
    if written != before - len(gone):
        msg = f"{path.stem}: {before} samples, {len(gone)} taken out, but {written} left"
        raise ConservationError(msg)


def _note(path: Path, gone: pl.DataFrame) -> None:
    """Add rows to the rejected ones."""
    known = pq.read_table(path)
    rows = gone.select(
        source="set", file=pl.lit(""), position=pl.lit("row ") + pl.col("row_id"), reason="reason", detail="detail"
    )
    pq.write_table(pa.concat_tables([known, rows.to_arrow().cast(REJECTED_SCHEMA)]), path, compression="zstd")
