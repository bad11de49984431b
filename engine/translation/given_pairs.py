"""What an engine says of pairs that it did not translate: how probable they are both ways, and what comes back.

Guarantees: the same pairs together give the same values; a pair in a language that the engine lacks, or that it cannot
judge, has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pyarrow as pa

from glotmill.engine.text.segments import split
from glotmill.engine.translation.forced_scores import NOTHING
from glotmill.engine.translators import Request, Translator, TranslatorSpec, load_translator
from glotmill.engine.translators.contract import ForcedPair, ForcedScore
from glotmill.engine.translators.shared.retry import translate_with_retry
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.schemas.languages import ENGLISH

BATCH = 64  # texts that are translated back at once
Forced = list[ForcedScore | None]


class PairEngine:
    """An engine that judges pairs; it is loaded when the first pair comes that it can judge.

    Args:
        spec: The engine, which has forced scores.
    """

    def __init__(self, spec: TranslatorSpec) -> None:
        self.spec = spec
        self._loaded: Translator | None = None

    def knows(self, lang: str) -> bool:
        """Whether it judges pairs in a language."""
        return lang in self.spec.languages

    def judged(self, pairs: pa.Table) -> pa.Table:
        """Pairs of `PAIR_SCHEMA` with forced scores and back-translations where the engine knows the language."""
        rows = pl.Series(pairs["lang"]).is_in(sorted(self.spec.languages)).arg_true().to_list()
        if not rows:
            return pairs
        found = self._said(pairs.select(["source", "target", "lang"]).take(pa.array(rows)).to_pylist())
        for name, values in found.items():
            column: list[Any] = [None] * pairs.num_rows
            for row, value in zip(rows, values, strict=True):
                column[row] = value
            place = PAIR_SCHEMA.get_field_index(name)
            pairs = pairs.set_column(place, PAIR_SCHEMA.field(name), pa.array(column, PAIR_SCHEMA.field(name).type))
        return pairs

    def _said(self, rows: list[dict[str, str]]) -> dict[str, list[Any]]:
        """The columns that it fills."""
        engine = self._loaded = self._loaded or load_translator(self.spec)
        there = [ForcedPair(ENGLISH, row["lang"], row["source"], row["target"]) for row in rows]
        returned = [ForcedPair(row["lang"], ENGLISH, row["target"], row["source"]) for row in rows]
        different = list(dict.fromkeys(row["source"] for row in rows))
        lone = engine.score([ForcedPair(ENGLISH, ENGLISH, NOTHING, source) for source in different])
        alone = dict(zip(different, lone, strict=True))
        forward, reverse, back = engine.score(there), engine.score(returned), self._back(engine, rows)

        def of(scores: Forced, value: Callable[[ForcedScore], Any]) -> list[Any]:
            return [None if score is None else value(score) for score in scores]

        return {
            "back": back,
            "back_failed": [text is None for text in back],
            "logprob": of(forward, lambda score: score.logprob),
            "reverse_words": of(reverse, lambda score: list(score.words)),
            "reverse_end": of(reverse, lambda score: score.end),
            "source_tokens": of(reverse, lambda score: score.tokens),
            "alone_words": of([alone[row["source"]] for row in rows], lambda score: list(score.words)),
        }

    def _back(self, engine: Translator, rows: list[dict[str, str]]) -> list[str | None]:
        """The targets translated back, sentence by sentence as a build does it; None where a part of one failed."""
        cuts = [split(row["target"], row["lang"]) for row in rows]
        requested = {(row["lang"], part) for row, cut in zip(rows, cuts, strict=True) for part in cut.requests}
        order = sorted(requested, key=lambda one: (len(one[1]), one))
        known: dict[tuple[str, str], str | None] = {}
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            for one, outcome in zip(
                batch, translate_with_retry(engine, [Request(lang, ENGLISH, text) for lang, text in batch]), strict=True
            ):
                known[one] = outcome.translation.text
        return [
            cut.join(lambda part, lang=row["lang"]: str(known[lang, part]))  # type: ignore[misc]
            if all(known[row["lang"], part] is not None for part in cut.requests)
            else None
            for row, cut in zip(rows, cuts, strict=True)
        ]
