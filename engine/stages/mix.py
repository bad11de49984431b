"""Mix: which sample in which languages. Decided once, when a sample first enters, and recorded with it.

Guarantees: the assignment depends on the mix and on what was held before, never on the order of rows or files; as
long as the mix is the same nobody moves; a changed mix moves only as many as it must. Totals are exact for each
source (for each group of its samples that may go into the same languages, where the mix excludes some).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl

from engine.stages.apportion import Counts, highest_averages, largest_remainder
from recipes.mix import Mix
from schemas.keys import digest, ranks

Schema = dict[str, pl.DataType | type[pl.DataType]]

# What `assign` looks at: one row a sample. ``only`` lists the languages that the sample can be in, null = all.
MIX_ROWS: Schema = {"set": pl.String, "source_id": pl.String, "task": pl.String, "only": pl.List(pl.String)}
HELD_ROWS: Schema = {"source_id": pl.String, "langs": pl.List(pl.String)}

NONE = -1  # the language of a row that has none


@dataclass(frozen=True)
class MixRule:
    """A recipe's mix over its languages."""

    mix: Mix
    languages: tuple[str, ...]
    _weights: dict[int, dict[str, float]] = field(default_factory=dict, repr=False, compare=False)

    def weights(self, name: str) -> dict[str, float]:
        """Share of each language in the rows of a source without a quota.

        Raises:
            InputError: The weights lack a language of the recipe.
        """
        shares = self.mix.shares(name)
        if id(shares) not in self._weights:
            self._weights[id(shares)] = shares.weight_by_language(self.languages)
        return self._weights[id(shares)]

    def quotas(self, name: str) -> dict[str, int]:
        """Absolute rows of a source by language."""
        return self.mix.shares(name).quota_by_language(self.languages)

    def allowed(self, name: str, task: str, only: tuple[str, ...] | None) -> tuple[str, ...]:
        """The languages that samples of a source and task may go into, in the recipe's order."""
        if name in self.mix.skip:
            return ()
        excluded = next((codes for excluding, codes in self.mix.exclude.items() if excluding == task), ())
        return tuple(c for c in self.languages if c not in excluded and (only is None or c in only))

    def identity(self) -> str:
        """Changes exactly when samples may have to move."""
        derived = {"weights", "exponent", "english_share"}
        facts = self.mix.model_dump(exclude={*derived, "by_source"})
        weights = {}
        for name in ("", *self.mix.by_source) if self.mix.mode == "one_each" else ():
            shares = self.mix.shares(name).model_dump(include={"floor", "quotas"})
            weights[name] = [shares, {code: weight.hex() for code, weight in self.weights(name).items()}]
        return digest([facts, list(self.languages), weights])


@dataclass(frozen=True, slots=True)
class MixCount:
    """What a mix gave one source.

    Attributes:
        samples: Rows of the source.
        target: Rows that each language should have.
        rows: Rows that it has.
        unassigned: Rows in no language: quotas are full, the task is excluded everywhere, or the source is skipped.
        moved: Rows that lost a language which they had in the build before.
    """

    samples: int
    target: dict[str, int]
    rows: dict[str, int]
    unassigned: int
    moved: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """The languages of every row, in the order of the rows, and the counts by source."""

    langs: pl.Series
    counts: dict[str, MixCount]

    def as_json(self) -> dict[str, Any]:
        """The counts, for the record beside the samples."""
        return {name: asdict(count) for name, count in self.counts.items()}


def assign(rows: pl.DataFrame, rule: MixRule, held: pl.DataFrame | None = None, *, same_mix: bool = True) -> Assignment:
    """Decide the languages of every sample.

    Args:
        rows: `MIX_ROWS`: all samples of a build.
        rule: The mix.
        held: `HELD_ROWS`: the record of the build before; None where there is none.
        same_mix: Whether ``held`` was made by this very mix: then nobody moves.

    Raises:
        InputError: The weights lack a language of the recipe.
    """
    held = pl.DataFrame(schema=HELD_ROWS) if held is None else held
    numbered = (
        rows.with_row_index("place")
        .with_columns(rank=ranks(rule.mix.seed, rows["source_id"]))
        .join(held.rename({"langs": "held"}), on="source_id", how="left", maintain_order="left")
    )
    targets: dict[str, dict[str, int]] = {}
    parts = []
    for name, allowed, cell in _cells(numbered, rule):
        give = _fan_out if rule.mix.mode == "fanout" else _one_each
        langs, target = give(name, cell, allowed, rule, same_mix=same_mix)
        parts.append(cell.select("place", "set", "held", langs=langs))
        total = targets.setdefault(name, {})
        for code, count in target.items():
            total[code] = total.get(code, 0) + count
    done = pl.concat(parts).sort("place") if parts else numbered.select("place", "set", "held", langs="held")
    return Assignment(done["langs"], _count(done, targets, rule.languages))


def _cells(numbered: pl.DataFrame, rule: MixRule) -> list[tuple[str, tuple[str, ...], pl.DataFrame]]:
    """(source, languages, its samples by rank) of each group of samples that may go into the same languages."""
    keyed = numbered.with_columns(
        task=pl.when(pl.col("task").is_in(list(rule.mix.exclude))).then("task").otherwise(pl.lit("")),
        only=pl.col("only").list.sort().list.join(" "),
    ).sort("rank", "source_id")
    groups = keyed.partition_by("set", "task", "only", as_dict=True, maintain_order=True)
    found = []
    for (name, task, only), cell in sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))):
        allowed = rule.allowed(name, task, None if only is None else tuple(only.split()))
        found.append((str(name), allowed, cell))
    return found


def _one_each(
    name: str, cell: pl.DataFrame, allowed: tuple[str, ...], rule: MixRule, *, same_mix: bool
) -> tuple[pl.Series, dict[str, int]]:
    """(languages of each row, target by language) where every row goes into one language."""
    places = {code: place for place, code in enumerate(allowed)}
    single = cell.select(
        pl.when(pl.col("held").list.len() == 1)
        .then(pl.col("held").list.first())
        .replace_strict(places, default=NONE, return_dtype=pl.Int16)
        .fill_null(NONE)
    )
    own = single.to_series().to_numpy().astype(np.int16)
    held = np.bincount(own[own >= 0], minlength=len(allowed)).astype(np.int64)
    first = not same_mix or not held.any()
    goal = _goal(name, len(own), allowed, rule, np.zeros_like(held), first=True)
    aim = goal
    if not first and not np.array_equal(held, goal):
        goal = _goal(name, len(own), allowed, rule, np.zeros_like(held), first=False)
        aim = _goal(name, len(own), allowed, rule, held, first=False)
    for place in np.flatnonzero(held > aim):
        own[np.flatnonzero(own == place)[aim[place] :]] = NONE
        held[place] = aim[place]
    fill = np.repeat(np.arange(len(allowed), dtype=np.int16), np.maximum(aim - held, 0))
    own[np.flatnonzero(own == NONE)[: len(fill)]] = fill
    # NONE indexes the last entry.
    names = pl.Series([[code] for code in allowed] + [[]], dtype=pl.List(pl.String))
    chosen = names.gather(np.where(own == NONE, len(allowed), own).astype(np.uint32))
    return chosen, dict(zip(allowed, goal.tolist(), strict=True))


def _goal(name: str, total: int, allowed: tuple[str, ...], rule: MixRule, held: Counts, *, first: bool) -> Counts:
    """Rows of each language out of a total: quotas, then the weights' shares of what is left.

    On a first build by largest remainder; else going on from what is held, never below it.
    """
    quotas, table, floor = rule.quotas(name), rule.weights(name), rule.mix.shares(name).floor
    quota = np.array([quotas.get(code, 0) for code in allowed], dtype=np.int64)
    weights = [0.0 if code in quotas else table[code] for code in allowed]
    new = total - int(held.sum())
    short = np.maximum(quota - held, 0)
    if int(short.sum()) > new:
        short = largest_remainder(new, short.tolist())
    goal: Counts = held + short
    new -= int(short.sum())
    if not first:
        return highest_averages(new, weights, goal, floor)
    goal += largest_remainder(new, weights, floor)
    return goal


def _fan_out(
    name: str, cell: pl.DataFrame, allowed: tuple[str, ...], rule: MixRule, *, same_mix: bool
) -> tuple[pl.Series, dict[str, int]]:
    """(languages of each row, target by language) where every row goes into every language, up to its quota.

    Quotas take the first rows by rank, so a smaller quota's rows are among a larger one's.
    """
    columns: list[pl.Expr] = []
    target = {}
    quotas = rule.quotas(name)
    for code in allowed:
        quota = quotas.get(code)
        target[code] = cell.height if quota is None else min(quota, cell.height)
        if quota is None:
            columns.append(pl.lit(code))
            continue
        has = cell["held"].list.contains(code).fill_null(value=False).to_numpy()
        keep = np.flatnonzero(has) if same_mix else np.empty(0, dtype=np.int64)
        rest = np.setdiff1d(np.arange(cell.height), keep, assume_unique=True)
        taken = np.zeros(cell.height, dtype=bool)
        taken[np.concatenate([keep, rest[: max(target[code] - len(keep), 0)]])] = True
        columns.append(pl.when(pl.Series(taken)).then(pl.lit(code)))
    if not columns:
        return pl.Series([[]] * cell.height, dtype=pl.List(pl.String)), target
    return cell.with_columns(langs=pl.concat_list(columns).list.drop_nulls())["langs"], target


def _count(done: pl.DataFrame, targets: dict[str, dict[str, int]], languages: tuple[str, ...]) -> dict[str, MixCount]:
    counts = {}
    for (name,), part in done.partition_by("set", as_dict=True, maintain_order=True).items():
        rows = dict(part["langs"].explode().drop_nulls().value_counts().iter_rows())
        lost = part["held"].list.set_difference(part["langs"]).list.len() > 0
        target = targets.get(name, {})
        counts[str(name)] = MixCount(
            samples=part.height,
            target={code: target[code] for code in languages if code in target},
            rows={code: rows.get(code, 0) for code in languages if code in target},
            unassigned=int((part["langs"].list.len() == 0).sum()),
            moved=int(lost.fill_null(value=False).sum()),
        )
    return counts
