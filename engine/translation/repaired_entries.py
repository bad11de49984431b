"""Repair: a translation that fails the recipe's rules gives way to the next one that passes.

Guarantees: what is taken depends on the rule and on the memory's entries alone; a person's correction, a failure and
a question with its answer stay as they are; what nothing repairs keeps its first translation, for the filters to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from glotmill.engine.memory.entries import DIRECTION
from glotmill.engine.text.parts import REPAIRED
from glotmill.engine.translators.shared.repair_rule import RepairRule

SEGMENT = [*DIRECTION, "text"]
_TAKEN = ["translation", "logprob", "target_tokens"]


@dataclass(frozen=True, slots=True)
class Repairs:
    """What becomes of the entries that fail.

    Attributes:
        taken: Columns of `SEGMENT`, and translation, logprob and target_tokens of what they give way to.
        left: Columns of `SEGMENT`: those of which no kept translation passes.
    """

    taken: pl.DataFrame
    left: pl.DataFrame

    @classmethod
    def none(cls) -> Repairs:
        """Nothing that fails."""
        left = pl.DataFrame(schema=dict.fromkeys(SEGMENT, pl.String))
        taken = {"translation": pl.String, "logprob": pl.Float32, "target_tokens": pl.Int32}
        return cls(left.with_columns(pl.lit(None, kind).alias(name) for name, kind in taken.items()), left)

    def applied(self, entries: pl.DataFrame) -> pl.DataFrame:
        """The entries with what is taken in place, its origin `REPAIRED`."""
        if self.taken.is_empty():
            return entries
        taken = self.taken.rename({name: f"{name}_taken" for name in _TAKEN})
        rows = entries.join(taken, on=SEGMENT, how="left", maintain_order="left")
        repaired = pl.col("translation_taken").is_not_null()
        return rows.with_columns(
            *(
                pl.when(repaired).then(f"{name}_taken").otherwise(name).cast(entries.schema[name]).alias(name)
                for name in _TAKEN
            ),
            origin=pl.when(repaired).then(pl.lit(REPAIRED)).otherwise("origin"),
        ).select(entries.columns)


def repairs_of(rule: RepairRule, entries: pl.DataFrame, kept: Callable[[pl.DataFrame], pl.DataFrame]) -> Repairs:
    """What becomes of entries.

    Args:
        rule: Which translations are good enough.
        entries: As `glotmill.engine.translation.stage.TranslateStage.entries_of` gives them.
        kept: Gives the translations that the memory keeps of entries: columns key and hypotheses.
    """
    whole = pl.col("translation").is_not_null() & ~pl.col("carrier") & (pl.col("origin") == "machine")
    rows = entries.filter(whole).select(*SEGMENT, "key", "translation", "logprob", "target_tokens")
    several = rows.join(kept(rows.select("key", *SEGMENT)), on="key", how="left", maintain_order="left")
    first = several.with_columns(reverse=pl.col("hypotheses").list.first().struct.field("reverse"))
    failing = first.filter(~rule.passes(first))
    others = (
        failing.select(*SEGMENT, pl.col("hypotheses").list.slice(1))
        .filter(pl.col("hypotheses").list.len() > 0)
        .explode("hypotheses")
        .unnest("hypotheses", separator="_")
        .select(
            *SEGMENT,
            translation="hypotheses_text",
            logprob="hypotheses_logprob",
            reverse="hypotheses_reverse",
            target_tokens="hypotheses_target_tokens",
        )
    )
    taken = others.filter(rule.passes(others)).unique(SEGMENT, keep="first", maintain_order=True)
    left = failing.join(taken, on=SEGMENT, how="anti", maintain_order="left").select(SEGMENT)
    return Repairs(taken.select(*SEGMENT, *_TAKEN), left)


def passing(rule: RepairRule, entries: pl.DataFrame, kept: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """The entries of another engine that are good enough, or are so with another of their translations."""
    made = entries.filter(pl.col("translation").is_not_null())
    repairs = repairs_of(rule, made, kept)
    good = repairs.applied(made).join(repairs.left, on=SEGMENT, how="anti", maintain_order="left")
    return good.with_columns(origin=pl.when(pl.col("origin") == "machine").then(pl.lit(REPAIRED)).otherwise("origin"))
