"""Clean: takes rows out of the English sources, step by step.

Guarantees: every row taken out stands in ``rejected.parquet`` with the step's reason; of rows that say the same the
first stays, so appended rows take nothing away that was there; rows in = rows kept + rows rejected, checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.samples import dedup, subsample
from glotmill.engine.samples.ingest import REJECTED, SourceCount
from glotmill.engine.samples.picture_names import names_of_pictures
from glotmill.engine.samples.sample_files import read_columns, rewrite
from glotmill.engine.sources import located, reader_of
from glotmill.engine.sources.shared.image_checks import ImageChecker
from glotmill.engine.sources.shared.pattern_use import PatternUse
from glotmill.engine.text.noun_phrases import noun_phrases
from glotmill.recipes.sections.clean import CleanStep, Clusters, Contamination, Exact, NearDuplicates, NounPhrases
from glotmill.recipes.sections.sources import SourceBase
from glotmill.schemas.errors import ConservationError, RowError
from glotmill.schemas.pictures import picture_key, picture_names
from glotmill.schemas.sample import IMAGE_MARKER, REJECTED_SCHEMA, Sample

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
    """set, source_id, row_id, text and pictures of the rows that a step looks at, in order."""
    content = pl.element().struct.field("content").str.replace_all(IMAGE_MARKER, "", literal=True).str.strip_chars()
    return read_columns(
        [folder / f"{name}.parquet" for name in step.sources],
        "source_id",
        pl.col("source").struct.field("row_id").alias("row_id"),
        pl.col("source_messages").list.eval(content).list.join("\n").str.strip_chars().alias("text"),
        "image_refs",
        "image_keys",
    )


def _removed(rows: pl.DataFrame, step: CleanStep) -> Removed:
    texts, ids = rows["text"].to_list(), rows["row_id"].to_list()
    match step:
        case Exact():
            keys = [dedup.simplified(text) for text in texts]
            if step.by == "text_and_images":
                keys = ["\n".join((key, *shown)) for key, shown in zip(keys, rows["image_keys"].to_list(), strict=True)]
            same = dedup.exact_duplicates(keys)
            return {place: ("exact_duplicate", f"of {ids[first]}") for place, first in same.items()}
        case NearDuplicates():
            shown = rows["image_keys"].to_list() if step.by == "text_and_images" else None
            near = dedup.near_duplicates(texts, step, shown)
            return {place: ("near_duplicate", f"of {ids[first]}") for place, first in near.items()}
        case Contamination():
            return _contaminated(rows, step)
        case NounPhrases():
            kept = subsample.balanced(rows["source_id"], noun_phrases(texts, step.model), step)
            return {place: ("noun_phrases", "") for place in range(rows.height) if place not in kept}
        case Clusters():
            kept = subsample.thinned(rows["source_id"], texts, step)
            return {place: ("clusters", "") for place in range(rows.height) if place not in kept}


def _contaminated(rows: pl.DataFrame, step: Contamination) -> Removed:
    texts: dict[str, list[str]] = {}
    pictures: dict[str, str] = {}
    for name, stated in step.against.items():
        listed = texts.setdefault(name, [])
        source = located(f"clean.against.{name}", stated)
        for sample in _evaluation_samples(f"clean.against.{name}", source):
            turns = (content.replace(IMAGE_MARKER, "").strip() for _, content in sample.messages)
            listed.append("\n".join(turns).strip())
            for image in sample.images:
                key = picture_key(image.uri, image.image_id, source.images.pattern)
                pictures |= dict.fromkeys(picture_names(key, image.image_id, image.uri), name)
    removed: Removed = {}
    if step.text:
        shared = dedup.shared_ngrams(rows["text"].to_list(), texts, step.ngrams)
        removed = {place: ("contaminated_text", f"{name}: {gram}") for place, (name, gram) in shared.items()}
    if step.images:
        for place, own in enumerate(names_of_pictures(rows).to_list()):
            found = next((pictures[picture] for picture in own if picture in pictures), None)
            if found is not None:
                removed[place] = ("contaminated_image", found)
    return removed


def _evaluation_samples(name: str, source: SourceBase) -> Iterator[Sample]:
    """The samples of a located evaluation set; a row of it that is not usable has nothing to compare."""
    reader = reader_of(name, source)
    section, use = source.images, PatternUse(source.images)
    # An image that cannot be used is still compared by its name, and its row by its text.
    checker = ImageChecker(section.model_copy(update={"reject": False})) if section.check else None
    for _, raw in reader.rows():
        try:
            if isinstance(raw, RowError):
                continue
            sample = reader.sample(raw)
        except RowError:
            continue
        use.note(sample)
        yield checker.checked(sample) if checker else sample
    use.check(name)


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
