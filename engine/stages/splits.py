"""Splits: which rows are held out, decided by image so that no image stands in two of them."""

from __future__ import annotations

import polars as pl

from recipes.mix import Splits
from schemas.keys import digest, draw

TRAIN = "train"
# What `assign_splits` looks at: one row a sample; ``parent`` is the sample that a derived one comes from.
SPLIT_ROWS = {"source_id": pl.String, "images": pl.List(pl.String), "parent": pl.String}


def identity(splits: Splits) -> str:
    """Changes exactly when rows may have to change their split."""
    return digest(splits.model_dump())


def assign_splits(rows: pl.DataFrame, splits: Splits, held: pl.DataFrame | None = None) -> pl.Series:
    """The split of every sample, in the order of the rows.

    Args:
        rows: `SPLIT_ROWS`: all samples of a build.
        splits: What is held out.
        held: Columns source_id and split: what the build before recorded under the same section; rows that share an
            image with one of them join its split.
    """
    if not splits.shares:
        return pl.repeat(TRAIN, rows.height, dtype=pl.String, eager=True).alias("split")
    keyed = rows.select("source_id", key=_keys(rows, by_image=splits.by == "image_id"))
    if held is not None:
        keyed = keyed.join(held.select("source_id", own="split"), on="source_id", how="left", maintain_order="left")
    else:
        keyed = keyed.with_columns(own=pl.lit(None, pl.String))
    groups = keyed.group_by("key").agg(pl.col("own").min()).sort("key")
    drawn = [
        known if known is not None else _drawn(str(key), splits)
        for key, known in groups.select("key", "own").iter_rows()
    ]
    decided = groups.select("key", split=pl.Series(drawn, dtype=pl.String))
    joined = keyed.join(decided, on="key", how="left", maintain_order="left")
    return joined.select(split=pl.coalesce("own", "split")).to_series()


def _drawn(key: str, splits: Splits) -> str:
    position = draw("split", splits.seed, key)
    for name, share in splits.shares.items():
        if position < share:
            return name
        position -= share
    return TRAIN


def _keys(rows: pl.DataFrame, *, by_image: bool) -> pl.Series:
    """What each row is drawn by: its images' group, else that of the sample it comes from, else itself."""
    images = pl.col("images") if by_image else pl.lit(None, pl.List(pl.String))
    keyed = rows.select("source_id", "parent", image=images.list.first())
    if by_image:
        roots = _roots(rows)
        if roots:
            keyed = keyed.with_columns(pl.col("image").replace(roots))
    own = keyed.select("source_id", own=pl.coalesce("image", "parent", "source_id")).unique("source_id")
    return (
        keyed.join(own.rename({"source_id": "parent", "own": "above"}), on="parent", how="left", maintain_order="left")
        .select(pl.coalesce("image", "above", "parent", "source_id").alias("key"))
        .to_series()
    )


def _roots(rows: pl.DataFrame) -> dict[str, str]:
    """For every image of a row with several: the first image of all that hang together with it."""
    above: dict[str, str] = {}

    def root(image: str) -> str:
        while above.setdefault(image, image) != image:
            above[image] = above[above[image]]
            image = above[image]
        return image

    for images in rows.filter(pl.col("images").list.len() > 1)["images"].to_list():
        first = min(root(image) for image in images)
        for image in images:
            above[root(image)] = first
    return {image: root(image) for image in above}
