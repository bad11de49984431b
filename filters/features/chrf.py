"""chrF of many pairs of texts at once: how many character n-grams a text shares with its reference.

As sacreBLEU has it by default (Popović 2015): n-grams of 1 to 6 characters without white space, precision and recall
averaged over the orders that both texts have, beta 2. The n-grams of a block of pairs are sorted together as numbers:
a third of the time of a hash table for each text. An n-gram is known by a hash of 51 bits: in a billion pairs of
captions, less than one n-gram is taken for another.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

ORDER, BETA = 6, 2
BLOCK = 256  # pairs at once: their n-grams stay in the processor's cache
_PAIR = np.uint64(52)  # bits of a key below the pair: the hash, and the side in the last one
_HASH = np.uint64(12)  # top bits of a hash that are left out
_SIDE = np.uint64(1)
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio
_FOLD = np.uint64(29)
_TEXT, _REFERENCE = (pl.col(name).str.replace_all(r"\s+", "") for name in ("text", "reference"))
_BARE = (
    _TEXT,
    _REFERENCE,
    _TEXT.str.len_chars().cast(pl.Int64).alias("length"),
    _REFERENCE.str.len_chars().cast(pl.Int64).alias("reference_length"),
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]


def chrf(texts: pl.Series, references: pl.Series) -> Floats:
    """chrF of each text against its reference, 0 to 100.

    Args:
        texts: Without nulls.
        references: As many, without nulls.
    """
    same = texts == references
    found = np.where(texts.str.contains(r"\S").to_numpy(), 100.0, 0.0)
    others = pl.DataFrame([texts.alias("text"), references.alias("reference")]).filter(~same).select(*_BARE)
    blocks = [_block(others[start : start + BLOCK]) for start in range(0, others.height, BLOCK)]
    found[~same.to_numpy()] = np.concatenate([np.empty(0), *blocks])
    return found


def _block(pairs: pl.DataFrame) -> Floats:
    """The same for a block of texts without white space, columns as `_BARE` has them."""
    here, there = pairs["length"].to_numpy(), pairs["reference_length"].to_numpy()
    lengths = np.concatenate([here, there])
    codes = np.frombuffer("".join([*pairs["text"], *pairs["reference"]]).encode("utf-32-le"), np.uint32)
    letters = (codes.astype(np.uint64) + _SIDE) * _MIX
    letters ^= letters >> _FOLD
    pair = np.arange(len(here), dtype=np.uint64) << _PAIR
    owner = np.repeat(np.concatenate([pair, pair | _SIDE]), lengths)
    place = np.arange(len(letters))
    left = np.repeat(np.cumsum(lengths), lengths) - place  # characters from here to the end of the text
    key = np.zeros(len(letters), np.uint64)
    precision, recall, orders = np.zeros(len(here)), np.zeros(len(here)), np.zeros(len(here))
    for order in range(1, ORDER + 1):
        whole = left >= order
        place, left, owner = place[whole], left[whole], owner[whole]
        key = (key[whole] ^ letters[place + order - 1]) * _MIX
        shared = _shared(owner | (key >> _HASH & ~_SIDE), len(here))
        grams = [np.maximum(length - order + 1, 0) for length in (here, there)]
        judged = np.minimum(*grams) > 0
        for total, number in zip((precision, recall), grams, strict=True):
            total += np.divide(shared, number, out=np.zeros(len(here)), where=judged)
        orders += judged
    return _f_score(precision / np.maximum(orders, 1), recall / np.maximum(orders, 1))


def _shared(keys: Keys, pairs: int) -> Ints:
    """How many n-grams both sides of each pair have, each as often as both have it."""
    if not len(keys):
        return np.zeros(pairs, np.int64)
    keys.sort()
    grams = keys | _SIDE
    starts = np.flatnonzero(np.concatenate([[True], grams[1:] != grams[:-1]]))
    wanted = np.add.reduceat((keys & _SIDE).view(np.int64), starts)
    both = np.minimum(wanted, np.diff(starts, append=len(keys)) - wanted)
    return np.bincount((grams[starts] >> _PAIR).view(np.int64), both, pairs).astype(np.int64)


def _f_score(precision: Floats, recall: Floats) -> Floats:
    some = precision + recall > 0
    whole = BETA**2 * precision + recall
    return 100 * np.divide((1 + BETA**2) * precision * recall, whole, out=np.zeros(len(precision)), where=some)
