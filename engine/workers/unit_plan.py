"""How what is missing is cut into batches and units."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import polars as pl

# A unit is at most this share of what is left to plan. Units so grow smaller towards the end, down to one batch, those
# of pairs to `PAIR_TOKENS` batches: many workers share a small job, and all have work until shortly before its end.
SHARE_OF_REST = 1 / 16
# A unit of forced pairs has so many times the tokens: both texts of a pair count, and to score a pair takes a quarter
# to a third of the CPU time of a search with four beams (`python -m benchmarks.overhead`).
PAIR_TOKENS = 4


def estimated_tokens() -> pl.Expr:
    """Source tokens of ``text`` as planning counts them: SentencePiece gives about one token for 3 to 4 UTF-8
    bytes; language and end tokens are added. Planning must not depend on a model, so it only estimates.
    """
    return _tokens("text")


def _tokens(column: str) -> pl.Expr:
    return pl.col(column).str.len_bytes() // 3 + 3


def plan_units(*groups: pl.DataFrame, batch_tokens: int, unit_tokens: int, shrinking: bool = True) -> pl.DataFrame:
    """Cut segments into batches of like length and units of like cost, longest first.

    Languages share batches, so that one with few segments does not cost a unit of its own.

    Args:
        groups: Segments that share no unit with those of another group: columns key, source_lang, target_lang, text,
            and translation where it is to be forced, which then counts too; keys are unique.
        batch_tokens: Bound of a batch: its longest text's tokens times its texts.
        unit_tokens: Tokens from which a unit is full; one of forced pairs with `PAIR_TOKENS` times as many.
        shrinking: Whether units shrink towards the end, as nothing comes after them.

    Returns:
        The segments with their ``unit`` and ``batch`` numbers, in the order of work.
    """
    read, least = estimated_tokens(), 0
    if "translation" in groups[0].columns:
        read, least = read + _tokens("translation"), batch_tokens * PAIR_TOKENS
        unit_tokens *= PAIR_TOKENS
    parts = [  # two sorts by one column each take less than one by both
        group.with_columns(tokens=read).sort("key").sort("tokens", descending=True, maintain_order=True)
        for group in groups
    ]
    rows = pl.concat(parts)
    tokens = rows["tokens"].to_numpy()
    rest = tokens[::-1].cumsum()[::-1]  # from each segment on
    counts: list[int] = []
    units: list[int] = []
    start, unit = 0, -1
    for end in accumulate(part.height for part in parts):
        used, size = 0, 0.0
        while start < end:
            if used >= size:  # at the group's beginning, too
                unit, used = unit + 1, 0
                size = min(unit_tokens, max(rest[start] * SHARE_OF_REST, least)) if shrinking else unit_tokens
            width = int(tokens[start])  # its first text is its longest
            counts.append(min(max(batch_tokens // width, 1), end - start))
            units.append(unit)
            used += width * counts[-1]
            start += counts[-1]
    numbered = rows.with_columns(
        unit=pl.Series(np.repeat(units, counts), dtype=pl.Int32),
        batch=pl.Series(np.repeat(np.arange(len(counts)), counts), dtype=pl.Int32),
    )
    return numbered.drop("tokens")
