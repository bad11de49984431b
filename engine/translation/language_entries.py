"""What the phases left in the memory of each language, with the back-translation and the forced scores beside it.

Guarantees: a language's entries are the same whoever else's were read with them. Languages with few entries are read
together, as a look-up reads the memory whole: at most `ENTRIES_AT_ONCE`, or one language, are held at a time.
Other processes never open the memory: they get what this one read (`LentEntries`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from glotmill.engine.memory.entries import Direction
from glotmill.engine.translation.back_translation import JOINED_SCHEMA, join_back
from glotmill.engine.translation.forced_scores import FORCED_COLUMNS, ForcedStage
from glotmill.engine.translation.requests import ALL, RequestSource, Selection
from glotmill.engine.translation.stage import Work
from glotmill.engine.workers.stage_tasks import Lent

ENTRIES_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class LentEntries:
    """Entries that were read once, for tasks of any process.

    Attributes:
        tables: Those into each language that has any.
        nothing: What a language has that has none.
    """

    tables: Mapping[str, Lent[pa.Table]]
    nothing: pa.Table

    def into(self, lang: str) -> pl.DataFrame:
        """The entries into one language, as `LanguageEntries.into` gives them."""
        return pl.DataFrame(self.tables[lang].get() if lang in self.tables else self.nothing)


class LanguageEntries:
    """Reads the entries into each language back.

    Args:
        work: The translate stage, after its phases.
        requested: The requests of the forward phase.
        returned: Whether there was a back-translation.
        forced: The forced scores, whose columns then stand beside the others.
        needed: What was to be translated back.
        langs: The languages in the order in which they will be wanted; others are read one by one.
    """

    def __init__(
        self,
        work: Work,
        requested: RequestSource,
        *,
        returned: bool,
        forced: ForcedStage | None = None,
        needed: Selection = ALL,
        langs: Sequence[str] = (),
    ) -> None:
        self._work = work
        self._returned = returned
        self._forced = forced
        self._needed = needed
        self._order = list(langs)
        self._given: set[str] = set()
        self._held: dict[str, pl.DataFrame] = {}
        self._directions: dict[str, list[Direction]] = {}
        for direction in requested.directions():
            self._directions.setdefault(direction.target_lang, []).append(direction)

    def lent(self, lend: Callable[[pa.Table], Lent[pa.Table]]) -> LentEntries:
        """All entries, those of small languages read together.

        Args:
            lend: Puts a table where tasks find it.
        """
        self._order = [*dict.fromkeys([*self._order, *sorted(self._directions)])]
        self._given, self._held = set(), {}
        tables = {lang: lend(self.into(lang).to_arrow()) for lang in self._order if lang in self._directions}
        return LentEntries(tables, self._nothing().to_arrow())

    def into(self, lang: str) -> pl.DataFrame:
        """The entries into one language, as `JOINED_SCHEMA` with the forced scores."""
        if lang in self._order[:1]:  # all of them are wanted, maybe once more
            self._given.clear()
        if lang in self._given:  # nobody knows what will be wanted after it
            return self._read([lang])[lang]
        if lang not in self._held:
            self._held = self._read(self._together(lang))
        self._given.add(lang)
        return self._held.pop(lang)

    def _together(self, lang: str) -> list[str]:
        """A language and those after it that are read with it."""
        place = self._order.index(lang) if lang in self._order else len(self._order)
        chosen, held = [lang], self._count(lang)
        for other in self._order[place + 1 :]:
            held += self._count(other)
            if held > ENTRIES_AT_ONCE:
                break
            if other not in self._given:
                chosen.append(other)
        return chosen

    def _count(self, lang: str) -> int:
        return sum(self._work.count("forward", direction) for direction in self._directions.get(lang, ()))

    def _read(self, langs: list[str]) -> dict[str, pl.DataFrame]:
        nothing = self._nothing()
        rows = {lang: [nothing] for lang in langs}
        directions = [direction for lang in langs for direction in self._directions.get(lang, ())]
        found = dict(self._work.entries_in_turn("forward", directions))
        ways = dict(self._work.entries_in_turn("back", [d.back for d in directions])) if self._returned else {}
        joined = {d: join_back(found.pop(d), ways.pop(d.back, None), d.target_lang, self._needed) for d in directions}
        for direction, entries in self._forced.beside(joined) if self._forced else joined.items():
            rows[direction.target_lang].append(entries.select(nothing.columns))
        return {lang: pl.concat(parts) for lang, parts in rows.items()}

    def _nothing(self) -> pl.DataFrame:
        return pl.DataFrame(schema={**JOINED_SCHEMA, **(FORCED_COLUMNS if self._forced else {})})
