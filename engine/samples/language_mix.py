"""Mix: which sample in which languages. Decided once, when a sample first enters, and recorded with it.

Guarantees: the assignment depends on the mix and on what was held before, never on the order of rows or files; as
long as the mix is the same nobody moves; a changed mix moves only as many as it must. Quotas, weights and the English
share count for the whole of each source. They are met exactly where the languages that its samples may go into allow
it; where they do not, every language comes as near as it can, and what it lacks is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl

from glotmill.engine.samples.apportion import Counts
from glotmill.engine.samples.cells import Cells, cells_of
from glotmill.engine.samples.fan_out import fan_out
from glotmill.engine.samples.one_each import NONE, Demand, Places, share_out
from glotmill.recipes.sections.mix import Mix
from glotmill.schemas.keys import digest, ranks

Schema = dict[str, pl.DataType | type[pl.DataType]]

# What `assign` looks at: one row a sample. ``only`` lists the languages that the sample can be in, null = all.
MIX_ROWS: Schema = {"set": pl.String, "source_id": pl.String, "task": pl.String, "only": pl.List(pl.String)}
HELD_ROWS: Schema = {"source_id": pl.String, "langs": pl.List(pl.String)}


@dataclass(frozen=True)
class MixRule:
    """A recipe's mix over its languages."""

    mix: Mix
    languages: tuple[str, ...]
    _weights: dict[tuple[int, tuple[str, ...]], dict[str, float]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def weights(self, name: str, languages: tuple[str, ...] | None = None) -> dict[str, float]:
        """Share of each language in the rows of a source without a quota.

        Args:
            name: The source.
            languages: The languages among which they are shared; None: those of the recipe.

        Raises:
            InputError: The weights lack a language.
        """
        shares, among = self.mix.shares(name), self.languages if languages is None else languages
        key = (id(shares), among)
        if key not in self._weights:
            self._weights[key] = shares.weight_by_language(among)
        return self._weights[key]

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

    def quota_identity(self) -> str:
        """Changes when quotas of ``by_source`` change, which `identity` has in mode ``one_each`` only."""
        return digest({name: shares.quotas for name, shares in self.mix.by_source.items()})


@dataclass(frozen=True, slots=True)
class MixCount:
    """What a mix gave one source.

    Attributes:
        samples: Rows of the source.
        target: Rows that each language should have.
        rows: Rows that it has.
        unassigned: Rows in no language: quotas are full, the task is excluded everywhere, or the source is skipped.
        moved: Rows that lost a language which they had in the build before.
        short: Rows that a language lacks to its target because too few rows may go into it. (A language that waits
            for appended rows, because those before were given out otherwise, is not among them.)
        beyond: Rows of a language over its quota: the build before gave them out, and nobody moves.
    """

    samples: int
    target: dict[str, int]
    rows: dict[str, int]
    unassigned: int
    moved: int
    short: dict[str, int] = field(default_factory=dict)
    beyond: dict[str, int] = field(default_factory=dict)


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
    ordered = (
        rows.with_row_index("place")
        .with_columns(
            rank=ranks(rule.mix.seed, rows["source_id"]),
            task=pl.when(pl.col("task").is_in(list(rule.mix.exclude))).then("task").otherwise(pl.lit("")),
            only=pl.col("only").list.sort().list.join(" "),
        )
        .join(held.rename({"langs": "held"}), on="source_id", how="left", maintain_order="left")
        .sort("rank", "source_id")
    )
    parts, counts = [], {}
    by_set = ordered.partition_by("set", as_dict=True)
    for name in rows["set"].unique(maintain_order=True):
        part = by_set[(name,)]
        given = _give(name, part, rule, same_mix=same_mix)
        parts.append(part.select("place", langs=given.langs))
        counts[name] = _count(part["held"], given, rule.quotas(name))
    langs = pl.concat(parts).sort("place")["langs"] if parts else ordered["held"]
    return Assignment(langs, counts)


@dataclass(frozen=True, slots=True)
class _Given:
    """The languages of a source's rows, by rank; the rows that each language should have, and could have."""

    langs: pl.Series
    cells: Cells
    target: Counts
    within_reach: Counts


def _give(name: str, rows: pl.DataFrame, rule: MixRule, *, same_mix: bool) -> _Given:
    quotas = rule.quotas(name)
    cells = cells_of(rows, rule.languages, lambda task, only: rule.allowed(name, task, only), quotas)
    if rule.mix.mode == "fanout":
        langs, target, within_reach = fan_out(cells, rows["held"], quotas, same_mix=same_mix)
        return _Given(langs, cells, target, within_reach)
    table = rule.weights(name, cells.languages)
    demand = Demand(
        quota=np.array([quotas.get(code, 0) for code in cells.languages], dtype=np.int64),
        weights=[0.0 if code in quotas else table[code] for code in cells.languages],
        floor=rule.mix.shares(name).floor,
    )
    shared = share_out(cells, _held(cells, rows["held"]), demand, same_mix=same_mix)
    # NONE indexes the last entry.
    names = pl.Series([[code] for code in cells.languages] + [[]], dtype=pl.List(pl.String))
    langs = names.gather(np.where(shared.of_row == NONE, len(cells.languages), shared.of_row).astype(np.uint32))
    return _Given(langs, cells, shared.target, shared.within_reach)


def _held(cells: Cells, langs: pl.Series) -> Places:
    """The place of the language of each row that has one and may have it."""
    places = {code: place for place, code in enumerate(cells.languages)}
    one = pl.select(
        pl.when(langs.list.len() == 1)
        .then(langs.list.first())
        .replace_strict(places, default=NONE, return_dtype=pl.Int16)
        .fill_null(NONE)
    )
    found = one.to_series().to_numpy().astype(np.int16)
    if len(cells.allow) > 1:
        found[~cells.allow[cells.of_row, found]] = NONE
    return found


def _count(held: pl.Series, given: _Given, quotas: Mapping[str, int]) -> MixCount:
    codes = given.cells.languages
    value_counts = dict(given.langs.explode().drop_nulls().value_counts().iter_rows())
    rows = {code: value_counts.get(code, 0) for code in codes}
    target = dict(zip(codes, given.target.tolist(), strict=True))
    most = {code: max(rows[code], n) for code, n in zip(codes, given.within_reach.tolist(), strict=True)}
    lost = held.list.set_difference(given.langs).list.len() > 0
    return MixCount(
        samples=len(held),
        target=target,
        rows=rows,
        unassigned=int((given.langs.list.len() == 0).sum()),
        moved=int(lost.fill_null(value=False).sum()),
        short={code: target[code] - most[code] for code in codes if most[code] < target[code]},
        beyond={code: rows[code] - target[code] for code in codes if code in quotas and rows[code] > target[code]},
    )
