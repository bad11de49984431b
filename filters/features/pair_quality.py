"""What a build knows anyway of a translation's quality, as numbers of which a high one is good, in columns.

``likely`` and ``way_back`` are the engine's mean log-probability of a token, of the translation given the source and
of the source given the translation. ``gain`` is what the translation gives away of each token of the source: its
log-probability given the translation minus that given nothing, so that a rare source is not taken for a bad
translation. ``expected`` is minus the share of the source's words that the engine finds improbable given the
translation. ``round_trip`` is chrF of the back-translation, ``complete`` is 0 or how far the translation is too short,
in standard deviations of human translations.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from glotmill.filters.features.length import deviations
from glotmill.filters.features.shared_chrf import back_chrf

FEATURES = ("likely", "way_back", "gain", "expected", "round_trip", "complete")
MIN_WORDS = 4  # of the source: fewer say too little
IMPROBABLE = -3.0  # ln P of a word: less than one time in twenty

Floats = npt.NDArray[np.float64]


def features(pairs: pa.Table) -> Floats:
    """A row for each pair of `glotmill.filters.contract.PAIR_SCHEMA`, a column for each of `FEATURES`.

    NaN in the whole row where anything is missing, as a translation by people has no probability, and where the
    source has fewer than `MIN_WORDS` words.
    """
    reverse, words, improbable = _by_words(pairs["reverse_words"])
    alone, alone_words, _ = _by_words(pairs["alone_words"])
    end, tokens = (pairs[name].cast(pa.float64()).to_numpy() for name in ("reverse_end", "source_tokens"))
    tokens = np.where(tokens > 0, tokens, np.nan)
    lengths = deviations(*(pl.Series(pairs[name]) for name in ("source", "target", "lang", "field_type")))
    with np.errstate(divide="ignore", invalid="ignore"):
        table = np.stack(
            [
                pairs["logprob"].cast(pa.float64()).to_numpy(),
                (reverse + end) / tokens,
                np.where(words == alone_words, reverse - alone, np.nan) / tokens,
                -improbable / words,
                back_chrf(pairs),
                np.minimum(lengths["z"].fill_null(0.0).to_numpy(), 0),
            ],
            axis=1,
        )
    table[~np.isfinite(table).all(axis=1) | (words < MIN_WORDS)] = np.nan
    return table


def _by_words(lists: pa.ChunkedArray) -> tuple[Floats, Floats, Floats]:
    """(sum, number, number below `IMPROBABLE`) of each list; of a null one all 0."""
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy()
    values = pc.list_flatten(lists).cast(pa.float64()).to_numpy()
    owner = np.repeat(np.arange(len(lengths)), lengths)
    total: Floats = np.bincount(owner, values, len(lengths)).astype(np.float64)
    low: Floats = np.bincount(owner, values < IMPROBABLE, len(lengths)).astype(np.float64)
    return total, lengths.astype(np.float64), low
