"""Splits: which rows are held out, decided by picture so that no picture stands in two of them."""

from __future__ import annotations

import polars as pl

from glotmill.engine.samples.language_mix import Schema
from glotmill.recipes.sections.mix import Splits
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import digest, draw
from glotmill.schemas.picture_pattern import TAKEN

TRAIN = "train"
HELD_OUT = ("test", "validation")
# What `assign_splits` looks at: one row a sample; ``pictures`` are all names of its pictures
# (`glotmill.engine.samples.picture_names`), ``parent`` is the sample that a derived one comes from.
SPLIT_ROWS: Schema = {"source_id": pl.String, "pictures": pl.List(pl.String), "parent": pl.String}
HELD_SPLITS: Schema = {
    "source_id": pl.String, "split": pl.String, "pictures": pl.List(pl.String), "stays": pl.Boolean
}  # fmt: skip


def identity(splits: Splits) -> str:
    """Changes exactly when rows may have to change their split."""
    return digest(splits.model_dump())


def assign_splits(rows: pl.DataFrame, splits: Splits, held: pl.DataFrame | None = None) -> pl.Series:
    """The split of every sample, in the order of the rows.

    Args:
        rows: `SPLIT_ROWS`: all samples of a build.
        splits: What is held out.
        held: `HELD_SPLITS`: what the build before recorded under the same section, with the names that pictures had
            then, and whether the row is published and so stays where it is. A row keeps its split, and rows that share
            a picture with it join it.

    Raises:
        InputError: Published rows in several splits show the same picture now.
    """
    if not splits.shares:
        return all_train(rows.height)
    by_picture = splits.by == "image_id"
    held = pl.DataFrame(schema=HELD_SPLITS) if held is None else held
    recorded = _brought_together(rows, held) if by_picture else held
    keyed = rows.select("source_id", key=_keys(rows, by_picture=by_picture))
    keyed = keyed.join(recorded.select("source_id", own="split"), on="source_id", how="left", maintain_order="left")
    groups = keyed.group_by("key").agg(pl.col("own").min()).sort("key")
    drawn = [
        known if known is not None else _drawn(str(key), splits)
        for key, known in groups.select("key", "own").iter_rows()
    ]
    decided = groups.select("key", split=pl.Series(drawn, dtype=pl.String))
    joined = keyed.join(decided, on="key", how="left", maintain_order="left")
    return joined.select(split=pl.coalesce("own", "split")).to_series()


def all_train(rows: int) -> pl.Series:
    """The splits of rows of which none is held out, a byte each."""
    return pl.repeat(TRAIN, rows, dtype=pl.Enum([TRAIN]), eager=True).alias("split")


def _brought_together(rows: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """The record, with one split for rows that showed different pictures then and show the same one now.

    It is that of the published ones, else a held-out one if there is one. Rows that had the same picture and yet stood
    in several splits, because rows with several pictures tie others together, stay as they are.
    """
    both = rows.select("source_id", now="pictures").join(held, on="source_id")
    both = both.with_columns(now=_pictures(both["now"]), was=_pictures(both["pictures"]))
    sides = both.drop_nulls(["now", "was"]).with_columns(side=pl.col("split").min().over("was"))
    groups = (
        sides.group_by("now")
        .agg(pl.col("side").unique(), stays=pl.col("side").filter("stays").unique())
        .filter(pl.col("side").list.len() > 1)
    )
    if groups.is_empty():
        return held
    apart = groups.filter(pl.col("stays").list.len() > 1)["now"].sort()
    if len(apart):
        msg = (
            f"splits: several splits of the published rows show the same pictures ({len(apart):,}, such as {apart[0]}),"
            " which had several names when these were built and have one key now; published rows stay where they are: "
            "lay all shards out again with build --compact"
        )
        raise InputError(msg)
    one = {
        now: stays[0] if stays else next((split for split in HELD_OUT if split in side), TRAIN)
        for now, side, stays in groups.iter_rows()
    }
    to = pl.col("now").replace_strict(one, default=None, return_dtype=pl.String)
    moved = both.with_columns(to=to).drop_nulls("to")
    # Rows without a picture follow their parents.
    joining = rows.filter(pl.col("pictures").list.len() == 0, pl.col("parent").is_in(moved["source_id"].implode()))
    return (
        held.join(joining, on="source_id", how="anti")
        .join(moved.select("source_id", "to"), on="source_id", how="left")
        .with_columns(split=pl.coalesce("to", "split"))
    )


def _drawn(key: str, splits: Splits) -> str:
    position = draw("split", splits.seed, key)
    for name, share in splits.shares.items():
        if position < share:
            return name
        position -= share
    return TRAIN


def _keys(rows: pl.DataFrame, *, by_picture: bool) -> pl.Series:
    """What each row is drawn by: its pictures' group, else that of the sample it comes from, else itself."""
    pictures = _pictures(rows["pictures"]) if by_picture else pl.lit(None, pl.String)
    keyed = rows.select("source_id", "parent", picture=pictures)
    own = keyed.select("source_id", own=pl.coalesce("picture", "parent", "source_id")).unique("source_id")
    return (
        keyed.join(own.rename({"source_id": "parent", "own": "above"}), on="parent", how="left", maintain_order="left")
        .select(pl.coalesce("picture", "above", "parent", "source_id").alias("key"))
        .to_series()
    )


def _pictures(names: pl.Series) -> pl.Series:
    """The group of each row's pictures, which are all that hang together by their names; null for a row without."""
    roots = _roots(names)
    first = names.list.first()
    return first.replace(roots) if roots else first


def _roots(names: pl.Series) -> dict[str, str]:
    """For every name of a row with several: the first of all that hang together with it, in the order of `_order`."""
    above: dict[str, str] = {}

    def root(name: str) -> str:
        while above.setdefault(name, name) != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    for several in names.filter(names.list.len() > 1).unique().to_list():
        first = min((root(name) for name in several), key=_order)
        for name in several:
            above[root(name)] = first
    return {name: root(name) for name in above}


def _order(name: str) -> tuple[bool, str]:
    """Names that mean the same picture in every dataset come first, so that all datasets draw it alike."""
    return name.partition(":")[0] in TAKEN, name
