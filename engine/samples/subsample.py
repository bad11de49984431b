"""Reductions of a source: captions balanced by noun phrase, and one of every so many rows of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from glotmill.recipes.sections.clean import Clusters, NounPhrases
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import ranks

DIMENSIONS = 256


def balanced(source_ids: pl.Series, phrases: Sequence[Iterable[str]], step: NounPhrases) -> set[int]:
    """The places of the captions that are kept: for each phrase with enough captions the first by rank, up to the cap.

    Args:
        source_ids: Ids of the captions.
        phrases: The phrases of each caption.
        step: The step.
    """
    frame = pl.DataFrame({"place": range(len(phrases)), "phrase": [sorted(set(found)) for found in phrases]})
    pairs = frame.with_columns(rank=ranks(step.seed, source_ids)).explode("phrase").drop_nulls("phrase")
    enough = pairs.filter(pl.len().over("phrase") >= step.min).sort("rank", "place")
    return set(enough.group_by("phrase", maintain_order=True).head(step.max)["place"])


def thinned(source_ids: pl.Series, texts: Sequence[str], step: Clusters) -> set[int]:
    """The places of the rows that are kept: in each cluster of like texts one of every so many by rank, at least one.

    Clusters are k-means over TF-IDF vectors, brought down to `DIMENSIONS` and to length 1.

    Raises:
        InputError: scikit-learn is not installed.
    """
    try:
        from sklearn.cluster import MiniBatchKMeans
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.preprocessing import normalize
    except ImportError:
        msg = "clean: clusters needs scikit-learn: pip install 'glotmill[curate]'"
        raise InputError(msg) from None
    if len(texts) <= step.k:
        return set(range(len(texts)))
    rank = ranks(step.seed, source_ids)
    order = rank.arg_sort().to_numpy()  # so that the order of the rows decides nothing
    vectors = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\w+").fit_transform([texts[i] for i in order])
    if vectors.shape[1] > DIMENSIONS:
        vectors = TruncatedSVD(DIMENSIONS, random_state=step.seed).fit_transform(vectors)
    labels = MiniBatchKMeans(step.k, random_state=step.seed, n_init=3).fit_predict(normalize(vectors))
    kept: set[int] = set()
    for label in np.unique(labels):
        kept.update(order[labels == label][:: step.keep_every].tolist())
    return kept
