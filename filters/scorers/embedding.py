"""Embedding: how near source and translation are to a multilingual sentence encoder.

The encoder is a plug-in (`glotmill.filters.plugins`); none ships. Cosines differ between encoders and languages, so no
rule has a default threshold: ``glotmill calibrate`` fits one. The margin (Artetxe and Schwenk 2018) divides by the
cosines to the nearest neighbours within the shard, which evens languages out.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.plugins import ENCODERS, SentenceEncoder, load_plugin
from glotmill.filters.rules import Rule, below
from glotmill.recipes.families import Setting
from glotmill.schemas.record import Metric

NEIGHBOURS = 4
CHUNK = 1024  # rows whose cosines to all others are held at once
MIN_LETTERS = 15

Floats = npt.NDArray[np.float32]


class EmbeddingScorer(Scorer):
    """Measures cosine and margin of a pair.

    Args:
        encoder: The sentence encoder.
    """

    name: ClassVar[str] = "embedding"
    version: ClassVar[int] = 1
    whole_shard: ClassVar[bool] = True
    setting: ClassVar[Setting | None] = Setting(
        str | None, None, "Name of an installed sentence encoder, for the scorer of that name."
    )
    by_default: ClassVar[bool] = False  # it needs a model
    expensive: ClassVar[bool] = True
    row: ClassVar[tuple[str, ...]] = (
        "cosine and margin of a sentence encoder",
        "a plug-in",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("embedding", "cosine", "higher", -1, 1,
               f"cosine of source and translation, sources of {MIN_LETTERS} letters on; high means that they say the "
               "same"),
        Metric("embedding", "margin", "higher", None, None,
               f"cosine over the mean of those to the {NEIGHBOURS} nearest neighbours in the shard; high means that "
               "no other row is as near"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("embedding", "cosine", "source and translation are far apart to the sentence encoder",
             *below("embedding", "cosine", "min_cosine", -1.0, (-1, 1), "least cosine"),
             graded=("cosine", "min_cosine")),
    )  # fmt: skip

    def __init__(self, encoder: SentenceEncoder) -> None:
        self._encoder = encoder

    @classmethod
    def make(cls, stated: Any, /) -> Self:
        """The scorer with the encoder that a recipe names."""
        return cls(load_plugin(ENCODERS, stated, "score.embedding"))

    def fingerprint(self) -> dict[str, Any]:
        """The version and the encoder's own fingerprint."""
        return {"version": self.version, "neighbours": NEIGHBOURS, "encoder": self._encoder.fingerprint()}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure all pairs of `PAIR_SCHEMA` of one shard."""
        frame = pl.DataFrame(pairs.select(["source_lang", "source", "lang", "target"])).with_row_index("row")
        long = frame.filter(pl.col("source").str.count_matches(r"\p{L}") >= MIN_LETTERS)
        cosine, margin = (np.full(frame.height, np.nan, np.float32) for _ in range(2))
        for _, part in long.group_by(["lang"], maintain_order=True):
            source = self._unit(part["source"].to_list(), part["source_lang"].to_list())
            target = self._unit(part["target"].to_list(), part["lang"].to_list())
            rows = part["row"].to_numpy()
            cosine[rows] = np.clip((source * target).sum(axis=1), -1, 1)
            margin[rows] = cosine[rows] / ((_near(source, target) + _near(target, source)) / 2)
        return {name: pa.array(values, from_pandas=True) for name, values in (("cosine", cosine), ("margin", margin))}

    def _unit(self, texts: list[str], langs: list[str]) -> Floats:
        vectors = np.asarray(self._encoder.encode(texts, langs), np.float32)
        unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return unit


def _near(vectors: Floats, others: Floats) -> Floats:
    """Mean cosine of each vector to its nearest others, at least a hair above 0."""
    k = min(NEIGHBOURS, len(others))
    parts = []
    for start in range(0, len(vectors), CHUNK):
        cosines = vectors[start : start + CHUNK] @ others.T
        parts.append(np.partition(cosines, -k, axis=1)[:, -k:].mean(axis=1))
    nearest: Floats = np.maximum(np.concatenate(parts), 1e-6)
    return nearest


MEMBER = EmbeddingScorer
