"""Mix: which sample in which languages. Decided once, when a sample first enters, and recorded with it.

Guarantees: the assignment depends on the mix and on what was held before, never on the order of rows or files; as
long as the mix is the same nobody moves; a changed mix moves only as many as it must. Quotas, weights and the English
share count for the whole of each source. They are met exactly where the languages that its samples may go into allow
it; where they do not, every language comes as near as it can, and what it lacks is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotmill.engine.samples.apportion import Counts
from glotmill.engine.samples.cells import Cells, cells_of
from glotmill.engine.samples.fan_out import fan_out
from glotmill.engine.samples.mix_rows import Kind, MixRows, RowLanguages, mix_rows
from glotmill.engine.samples.one_each import NONE, Demand, Places, share_out
from glotmill.recipes.sections.mix import Mix
from glotmill.schemas.keys import digest

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

    languages: RowLanguages
    counts: dict[str, MixCount]

    @property
    def langs(self) -> pl.Series:
        """The languages of every row as lists."""
        return self.languages.all

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
    numbered = rows.with_row_index("place")
    found, places = {}, [np.empty(0, dtype=np.int64)]
    for (name,), part in numbered.group_by(["set"], maintain_order=True):
        own = mix_rows([part], rule.mix.seed, rule.mix.exclude, partial(part.get_column, "source_id"))
        found[str(name)] = assign_source(str(name), own, rule, held, same_mix=same_mix)
        places.append(part["place"].to_numpy().astype(np.int64))
    languages = RowLanguages.together(langs for langs, _ in found.values()).in_order(np.concatenate(places))
    return Assignment(languages, {name: count for name, (_, count) in found.items()})


def assign_source(
    name: str, rows: MixRows, rule: MixRule, held: pl.DataFrame | None = None, *, same_mix: bool = True
) -> tuple[RowLanguages, MixCount]:
    """Decide the languages of every sample of one source, in some 50 bytes a sample.

    Args:
        name: The source.
        rows: Its samples.
        rule: The mix.
        held: `HELD_ROWS`: the record of the build before; None where there is none.
        same_mix: Whether ``held`` was made by this very mix: then nobody moves.

    Returns:
        The languages of the samples, in the source's order; the counts.

    Raises:
        InputError: The weights lack a language of the recipe.
    """
    order = rows.order()
    before = rows.held(held)
    before = None if before is None else before.gather(order)
    given = _give(name, rows.kinds, rows.kind[order], before, rule, same_mix=same_mix)
    return given.languages.in_order(order), _count(before, given, rule.quotas(name))


@dataclass(frozen=True, slots=True)
class _Given:
    """The languages of a source's rows, by rank; the rows that each language should have, and could have."""

    languages: RowLanguages
    cells: Cells
    target: Counts
    within_reach: Counts


def _give(
    name: str, kinds: Sequence[Kind], kind: NDArray[np.uint32], held: pl.Series | None, rule: MixRule, *, same_mix: bool
) -> _Given:
    quotas = rule.quotas(name)
    cells = cells_of(kinds, kind, rule.languages, lambda task, only: rule.allowed(name, task, only), quotas)
    if rule.mix.mode == "fanout":
        langs, target, within_reach = fan_out(cells, held, quotas, same_mix=same_mix)
        return _Given(langs, cells, target, within_reach)
    table = rule.weights(name, cells.languages)
    demand = Demand(
        quota=np.array([quotas.get(code, 0) for code in cells.languages], dtype=np.int64),
        weights=[0.0 if code in quotas else table[code] for code in cells.languages],
        floor=rule.mix.shares(name).floor,
    )
    shared = share_out(cells, _held(cells, held), demand, same_mix=same_mix)
    none = len(cells.languages)
    lists = [*([code] for code in cells.languages), []]
    langs = RowLanguages.of_lists(lists, np.where(shared.of_row == NONE, none, shared.of_row))
    return _Given(langs, cells, shared.target, shared.within_reach)


def _held(cells: Cells, langs: pl.Series | None) -> Places:
    """The place of the language of each row that has one and may have it."""
    if langs is None:
        return np.full(len(cells.of_row), NONE, dtype=np.int16)
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


def _count(held: pl.Series | None, given: _Given, quotas: Mapping[str, int]) -> MixCount:
    codes = given.cells.languages
    counts = given.languages.rows()
    rows = {code: counts.get(code, 0) for code in codes}
    target = dict(zip(codes, given.target.tolist(), strict=True))
    most = {code: max(rows[code], n) for code, n in zip(codes, given.within_reach.tolist(), strict=True)}
    lost = 0
    if held is not None:
        gone = held.list.set_difference(given.languages.all).list.len() > 0
        lost = int(gone.fill_null(value=False).sum())
    return MixCount(
        samples=len(given.languages.of_row),
        target=target,
        rows=rows,
        unassigned=counts.get("", 0),
        moved=lost,
        short={code: target[code] - most[code] for code in codes if most[code] < target[code]},
        beyond={code: rows[code] - target[code] for code in codes if code in quotas and rows[code] > target[code]},
    )
