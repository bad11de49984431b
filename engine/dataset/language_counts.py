"""A language's balance, added up over its shards: rows = kept + dropped + failed, both by the reason that counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from glotmill.engine.dataset.shards import WITHDRAWN, Shard


@dataclass(frozen=True, slots=True)
class LanguageCount:
    """Counts of one language: rows = kept + dropped + failed. A row counts under its first reason.

    Attributes:
        rows: Samples assigned to the language, and records withdrawn.
        kept: Records that no rule rejects.
        dropped: Records that a rule rejects.
        failed: Records without a translation.
        warned: Records with a warning, whether they are kept, dropped or failed.
        answers: Answers and choices of its records, counted by their origin.
    """

    rows: int
    kept: int
    dropped: dict[str, int]
    failed: dict[str, int]
    warned: dict[str, int]
    answers: dict[str, int]

    @property
    def withdrawn(self) -> int:
        """Records whose sample is gone."""
        return self.dropped.get(WITHDRAWN, 0) + self.failed.get(WITHDRAWN, 0)


def count_language(shards: Iterable[Shard]) -> LanguageCount:
    """The balance of a language's shards, and where its answers came from."""
    shards = list(shards)
    answers: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    warned: Counter[str] = Counter()
    for shard in shards:
        answers.update(shard.answers)
        warned.update(shard.warned)
        dropped.update(shard.dropped)
        failed.update(shard.failed)
    return LanguageCount(
        rows=sum(shard.rows for shard in shards),
        kept=sum(shard.kept for shard in shards),
        dropped=dict(sorted(dropped.items())),
        failed=dict(sorted(failed.items())),
        warned=dict(sorted(warned.items())),
        answers=dict(sorted(answers.items())),
    )


def count_table(counts: Mapping[str, LanguageCount]) -> list[tuple[str | int, ...]]:
    """Rows of a table of the balance of each language; the first is the head."""
    rows = [
        (lang, count.rows, count.kept, sum(count.dropped.values()), sum(count.failed.values()))
        for lang, count in counts.items()
    ]
    return [("language", "rows", "kept", "dropped", "failed"), *rows]
