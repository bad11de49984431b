"""Whether a caption fits an image: its own, or a hard negative."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from pydantic import BeforeValidator, Field

from glotmill.engine.samples.sample_files import read_columns
from glotmill.engine.samples.tasks.contract import DerivationContext, SampleRow, TaskMember, each
from glotmill.engine.samples.tasks.shared.derived_rows import derived_row, is_negative, is_single, question_of, slot
from glotmill.engine.samples.tasks.shared.hard_negatives import Negative, NegativeRule, hard_negatives
from glotmill.recipes.sections.derive import Derivation
from glotmill.recipes.sections.mix import as_tuple
from glotmill.schemas.sample import IMAGE_MARKER


class Matching(Derivation):
    """Whether a caption fits an image: its own, or a hard negative, which is another image's by text similarity.

    Attributes:
        negative_share: Share of rows that show another image's caption.
        ranks: Which neighbours are taken, 1 the most similar; one is drawn for each row.
        random_share: Share of negatives that are any other image's caption.
        ceiling: Captions as similar as this (cosine of TF-IDF, 0 to 1) may well be true too, and are passed over.
        pool: Neighbours are looked for among so many captions, cut by rank.
    """

    kind: Literal["matching"]
    negative_share: float = Field(0.5, ge=0, le=1)
    ranks: Annotated[tuple[int, ...], BeforeValidator(as_tuple)] = Field((3, 10, 30, 100, 300), min_length=1)
    random_share: float = Field(1 / 6, ge=0, le=1)
    ceiling: float = Field(0.8, gt=0, le=1)
    pool: int = Field(20_000, ge=2, le=200_000)


def negatives(files: list[Path], context: DerivationContext[Matching]) -> dict[str, Negative]:
    """Another image's caption, by the id of the row that is shown it."""
    spec = context.spec
    rule = NegativeRule(spec.seed, spec.ranks, spec.random_share, spec.ceiling, spec.pool)
    return hard_negatives(_caption_table(files, context.name, spec), rule)


def _caption_table(files: list[Path], name: str, spec: Matching) -> pl.DataFrame:
    """The captions of the files, and which of them are to be shown with another image's."""
    content = pl.col("source_messages").list.last().struct.field("content")
    frame = read_columns(
        files,
        "source_id",
        "task",
        content.alias("text"),
        pl.col("image_keys").list.first().alias("image"),
        pl.col("source_messages").list.first().struct.field("content").str.strip_chars().alias("user"),
    ).filter((pl.col("task") == "caption") & pl.col("image").is_not_null() & (pl.col("user") == IMAGE_MARKER))
    negative = [is_negative(name, spec.seed, spec.negative_share, source_id) for source_id in frame["source_id"]]
    return frame.select("source_id", "image", "text", negative=pl.Series(negative, dtype=pl.Boolean))


def caption_match(row: SampleRow, context: DerivationContext[Matching]) -> Iterator[SampleRow]:
    """The row that asks whether a caption fits a caption row's image."""
    if row["task"] != "caption" or not is_single(row) or question_of(row) or not row["image_refs"]:
        return
    other: Negative | None = context.prepared.get(row["source_id"])
    caption = other.text if other else row["source_messages"][1]["content"]
    answer = "no" if other else "yes"
    yield derived_row(
        row, context, caption, answer, task="matching", source_answers=[answer], slots=[slot("caption", caption)],
        derived_from=[row["source_id"], *([other.source_id] if other else [])],
    )  # fmt: skip


MEMBER = TaskMember(
    Matching,
    each(caption_match),
    prepare=negatives,
    libraries=("sklearn",),
    install="pip install 'glotmill[curate]'",
    row=(
        "captions",
        "yes or no to a caption: the image's own or a hard negative (`negative_share`, `ranks`, `random_share`, "
        "`ceiling`, `pool`)",
    ),
)
