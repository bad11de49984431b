"""What each source and each task keeps, beside what each language keeps: a source that a rule or an engine fails whole
shows here and nowhere else.

Guarantees: the numbers are those of the shards' entries, added up; for each source, task and language, rows = kept +
dropped + failed; rows that nobody counted (an earlier version packed them, and they are not at hand) are named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from glotmill.engine.dataset.row_counts import source_name
from glotmill.engine.dataset.shards import WITHDRAWN, Shard

LOW = 0.05  # share of a source's records in a language; less is almost nothing
NAMED = 8  # languages that a warning names
Key = Literal["source", "task", "lang"]


@dataclass(frozen=True, slots=True)
class Kept:
    """The balance of some rows: rows = kept + dropped + failed, both by the reason that counts.

    Attributes:
        rows: All of them; withdrawn ones are among the dropped and the failed.
        kept: Rows that no rule rejects.
        dropped: Rejected rows.
        failed: Rows without a translation.
    """

    rows: int
    kept: int
    dropped: dict[str, int]
    failed: dict[str, int]

    @property
    def rate(self) -> float | None:
        """Share kept of the rows whose sample is there; None where there is no such row."""
        there = self.rows - self.dropped.get(WITHDRAWN, 0) - self.failed.get(WITHDRAWN, 0)
        return self.kept / there if there else None

    @property
    def low(self) -> bool:
        """Whether almost nothing is kept."""
        return self.rate is not None and self.rate < LOW

    @property
    def lost(self) -> Counter[str]:
        """Dropped and failed rows together, by reason."""
        return Counter(self.dropped) + Counter(self.failed)


@dataclass(frozen=True, slots=True)
class KeepRates:
    """The balances of a dataset by source, task and language.

    Attributes:
        cells: The balance of each (source, task, language) that has rows, sorted; sources by their names in the recipe.
        not_counted: Rows of which only the language is known.
    """

    cells: dict[tuple[str, str, str], Kept]
    not_counted: int

    @classmethod
    def of(cls, shards: Mapping[str, Sequence[Shard]], sources: Iterable[Mapping[str, Any]]) -> Self:
        """The balances of a dataset's shards.

        Args:
            shards: Shards by language.
            sources: The manifest's entries of the sources.
        """
        names = source_names(sources)
        found: dict[tuple[str, str, str], list[Kept]] = {}
        for lang, parts in shards.items():
            for group in (group for shard in parts for group in shard.groups or ()):
                kept = Kept(group.rows, group.kept, group.dropped, group.failed)
                found.setdefault((names.get(group.source, group.source), group.task, lang), []).append(kept)
        return cls(
            {key: _sum(found[key]) for key in sorted(found)},
            sum(shard.rows for parts in shards.values() for shard in parts if shard.groups is None),
        )

    def by(self, *keys: Key) -> dict[tuple[str, ...], Kept]:
        """The balances by some of source, task and language, in this order and sorted."""
        places = [("source", "task", "lang").index(key) for key in keys]
        found: dict[tuple[str, ...], list[Kept]] = {}
        for cell, kept in self.cells.items():
            found.setdefault(tuple(cell[place] for place in places), []).append(kept)
        return {key: _sum(found[key]) for key in sorted(found)}

    def warnings(self) -> list[str]:
        """A line for each source that keeps almost nothing in some languages."""
        low: dict[str, dict[str, Kept]] = {}
        for (source, lang), kept in self.by("source", "lang").items():
            if kept.low:
                low.setdefault(source, {})[lang] = kept
        return [_warning(source, langs) for source, langs in low.items()]

    def as_json(self) -> dict[str, Any]:
        """The balances by source, by task, by both, and by source and language."""
        cuts: dict[str, tuple[Key, ...]] = {
            "by_source": ("source",),
            "by_task": ("task",),
            "by_source_and_task": ("source", "task"),
            "by_source_and_language": ("source", "lang"),
        }
        found: dict[str, Any] = {
            name: [
                {**dict(zip(keys, key, strict=True)), **asdict(kept), "rate": kept.rate, "low": kept.low}
                for key, kept in self.by(*keys).items()
            ]
            for name, keys in cuts.items()
        }
        return {**found, "not_counted": self.not_counted}


def source_names(sources: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """From a source's name in counts to its name in the recipe, where only one source has it.

    Args:
        sources: The manifest's entries of the sources.
    """
    named = [(source_name(source["dataset"], source["config"], source["split"]), source["name"]) for source in sources]
    times = Counter(name for name, _ in named)
    return {name: own for name, own in named if times[name] == 1}


def _sum(parts: Iterable[Kept]) -> Kept:
    parts = list(parts)
    dropped: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for part in parts:
        dropped.update(part.dropped)
        failed.update(part.failed)
    rows, kept = sum(part.rows for part in parts), sum(part.kept for part in parts)
    return Kept(rows, kept, dict(sorted(dropped.items())), dict(sorted(failed.items())))


def _warning(source: str, langs: Mapping[str, Kept]) -> str:
    worst = sorted(langs, key=lambda lang: (langs[lang].rate or 0, lang))
    named = ", ".join(f"{lang} ({langs[lang].kept:,} of {langs[lang].rows:,})" for lang in worst[:NAMED])
    more = f" and {len(worst) - NAMED} more languages" if len(worst) > NAMED else ""
    lost = sum((kept.lost for kept in langs.values()), Counter[str]())
    del lost[WITHDRAWN]
    most = max(sorted(lost), key=lost.__getitem__)
    return (
        f"almost nothing kept: source {source} keeps under {LOW:.0%} in {named}{more}; most lost to {most} "
        f"({lost[most]:,})"
    )
