"""Hard negatives: for a caption, another image's caption that is like it, but not so like that it may be true too.

Guarantees: a negative belongs to another image, has another text, and is below the ceiling; the same captions give the
same negatives in whatever order they come. Neighbours are exact within a pool of captions cut by rank.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import draw, ranks

BLOCK = 256


@dataclass(frozen=True, slots=True)
class NegativeRule:
    """Which caption of another image is taken.

    Attributes:
        seed: Decides the draws.
        ranks: Which neighbours are taken, 1 the most similar; one is drawn for each row.
        random_share: Share of negatives that are any other image's caption.
        ceiling: Captions as similar as this (cosine of TF-IDF, 0 to 1) are passed over.
        pool: Neighbours are looked for among so many captions, cut by rank.
    """

    seed: int
    ranks: tuple[int, ...]
    random_share: float
    ceiling: float
    pool: int


@dataclass(frozen=True, slots=True)
class Negative:
    """Another image's caption: whose, its text, its rank among the neighbours (0 = drawn at random), its similarity."""

    source_id: str
    text: str
    rank: int
    similarity: float


def hard_negatives(captions: pl.DataFrame, rule: NegativeRule) -> dict[str, Negative]:
    """The negative of each caption that is to have one; a caption without a candidate has none.

    Args:
        captions: Columns source_id, image, text and negative (whether the caption is to have one).
        rule: Which caption is taken.

    Raises:
        InputError: The library for it is not installed.
    """
    ordered = captions.with_columns(rank=ranks(rule.seed, captions["source_id"])).sort("rank", "source_id")
    found: dict[str, Negative] = {}
    for start in range(0, ordered.height, rule.pool):
        found.update(_in_pool(ordered.slice(start, rule.pool), rule))
    return found


def _in_pool(pool: pl.DataFrame, rule: NegativeRule) -> Iterator[tuple[str, Negative]]:
    vectors = _vectors(pool["text"].to_list())
    ids, texts = pool["source_id"].to_list(), pool["text"].to_list()
    images = pool["image"].rank("dense").to_numpy()
    folded = pool["text"].str.to_lowercase().str.strip_chars(" .").rank("dense").to_numpy()
    wanted = np.flatnonzero(pool["negative"].to_numpy())
    for start in range(0, len(wanted), BLOCK):
        rows = wanted[start : start + BLOCK]
        likeness: NDArray[Any] = (vectors[rows] @ vectors.T).toarray()
        for row, similar in zip(rows.tolist(), likeness, strict=True):
            candidate = (images != images[row]) & (folded != folded[row]) & (similar < rule.ceiling)
            places = np.flatnonzero(candidate)
            if not len(places):
                continue
            rank, place = _choice(ids[row], similar, places, rule)
            yield ids[row], Negative(ids[place], texts[place], rank, float(similar[place]))


def _choice(source_id: str, similar: NDArray[Any], places: NDArray[Any], rule: NegativeRule) -> tuple[int, int]:
    """(rank, place) of the negative drawn."""
    if draw("random", rule.seed, source_id) < rule.random_share:
        return 0, int(places[int(draw("place", rule.seed, source_id) * len(places))])
    rank = rule.ranks[int(draw("rank", rule.seed, source_id) * len(rule.ranks))]
    rank = min(rank, len(places))
    distance = -similar[places]
    at = np.partition(distance, rank - 1)[rank - 1]
    # Of several that are equally similar, the one whose turn it is in the pool's order.
    return rank, int(places[distance == at][rank - 1 - int((distance < at).sum())])


def _vectors(texts: list[str]) -> Any:
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        msg = "derive: matching needs scikit-learn: pip install 'glotmill[curate]'"
        raise InputError(msg) from None
    return TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\w+", dtype=np.float32).fit_transform(texts)
