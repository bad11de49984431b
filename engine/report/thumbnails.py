"""Small pictures of the images whose bytes a dataset holds.

Guarantees: what goes into the page was decoded and rewritten, so no byte of an image that somebody made reaches it;
an image that does not decode has no thumbnail. Without Pillow there are none.
"""

from __future__ import annotations

import base64
import warnings
from collections.abc import Collection
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import polars as pl

from glotmill.engine.dataset.image_shards import CONFIG
from glotmill.engine.sources.shared.image_checks import DAMAGE

SIDE = 112  # pixels
QUALITY = 60
MOST_BYTES = 500_000  # of all thumbnails together


def thumbnails(dataset: Path, wanted: Collection[str]) -> dict[str, str]:
    """Thumbnails as data URLs, by image id: of the wanted images in the dataset, in its order, up to the size limit.

    Args:
        dataset: The dataset's folder.
        wanted: Image ids.
    """
    files = sorted((dataset / CONFIG).glob("train-*.parquet"))
    if not files or not wanted or find_spec("PIL") is None:
        return {}
    found: dict[str, str] = {}
    used = 0
    for file in files:
        rows = pl.scan_parquet(file, glob=False).select("image_id", pl.col("image").struct.field("bytes"))
        chosen = rows.filter(pl.col("image_id").is_in(sorted(wanted))).collect(engine="streaming")
        for name, data in chosen.sort("image_id").iter_rows():
            small = _small(data)
            if small is not None and used + len(small) <= MOST_BYTES:
                used += len(small)
                found[name] = small
    return found


def _small(data: bytes) -> str | None:
    from PIL import Image

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(BytesIO(data)) as picture:
            picture.thumbnail((SIDE, SIDE))
            sink = BytesIO()
            picture.convert("RGB").save(sink, "JPEG", quality=QUALITY, optimize=True)
    except (*DAMAGE, Image.DecompressionBombError):
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(sink.getvalue()).decode()}"
