"""The pictures of samples by all names that they may be met by, a column at a time."""

from __future__ import annotations

import polars as pl

from glotmill.schemas.pictures import LOOKED_AT, picture_names

IMAGE_IDS = pl.col("image_refs").list.eval(pl.element().struct.field("image_id"))
_URIS = pl.col("image_refs").list.eval(pl.element().struct.field("uri"))


def names_of_pictures(rows: pl.DataFrame) -> pl.Series:
    """The names of each row's pictures (`glotmill.schemas.pictures.picture_names`): first all keys, then what there is
    beside.

    Args:
        rows: Columns image_refs and image_keys; where image_keys is null, as in samples of before there were keys,
            the names are the image ids, by which pictures were known then.
    """
    keys = rows.select(key=pl.coalesce("image_keys", IMAGE_IDS)).with_row_index("row")
    refs = rows.select("image_keys", image_id=IMAGE_IDS, uri=_URIS).with_row_index("row")
    each = refs.filter(pl.col("image_keys").list.len() > 0).explode("image_keys", "image_id", "uri")
    # Most pictures have no other name than their key: a number of COCO, or the hash of the URI.
    key, looked_at = pl.col("image_keys"), pl.col("image_id").str.starts_with(LOOKED_AT)
    each = each.filter(looked_at | ~(key.str.starts_with("coco:") | key.str.starts_with("uri:")))
    pictures = each.select("image_keys", "image_id", "uri").unique()
    more = pl.Series([picture_names(*picture)[1:] for picture in pictures.iter_rows()], dtype=pl.List(pl.String))
    named = each.join(pictures.with_columns(more=more), on=pictures.columns)
    found = named.group_by("row").agg(pl.col("more").list.explode().sort())
    joined = keys.join(found, on="row", how="left", maintain_order="left")
    return joined.select(pl.concat_list("key", pl.col("more").fill_null(pl.lit([], pl.List(pl.String))))).to_series()
