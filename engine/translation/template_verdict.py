"""Judging translations of templates, before any row carries them.

Guarantees: the verdict is a function of the memory's entries, of the recipe's ``templates.accept`` and of the scorers
named here; ``filter`` has no part in it. What people corrected is accepted as they say, where its structure is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from glotmill.engine.memory.entries import FAILED, HUMAN
from glotmill.engine.text.segments import split
from glotmill.engine.text.template_wording import Judged, Refusal, TextKey, Words
from glotmill.engine.text.text_structure import mismatch
from glotmill.filters.contract import PAIR_SCHEMA, Scorer
from glotmill.filters.scorers.integrity import IntegrityScorer
from glotmill.filters.scorers.language_id import LanguageIdScorer
from glotmill.filters.scorers.lexical import LexicalScorer
from glotmill.filters.scorers.round_trip import MIN_LETTERS, RoundTripScorer
from glotmill.filters.scorers.script import ScriptScorer
from glotmill.recipes.sections.templates import SLOT, Accept
from glotmill.schemas.languages import ENGLISH

# By key of `Accept`: the rule of the filters whose score it bounds, and that rule's parameters.
BOUNDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "min_script": ("script.frac", ("min_frac", "min_frac_latin")),
    "max_copied": ("lexical.copy_frac", ("max_copy_frac", "max_copy_frac_other")),
    "min_language": ("language_id.mass", ("min_mass",)),
    "max_english": ("language_id.english", ("max_english",)),
    "min_chrf": ("round_trip.chrf", ("min_chrf",)),
}
BROKEN = "broken_chars"


@dataclass(frozen=True, slots=True)
class _Translation:
    """A template's text that an engine or a person translated: requests with their entries, and the whole."""

    key: TextKey
    entries: list[Mapping[str, Any]]
    text: str
    back: str | None


class TemplateJudge:
    """Judges translations of templates.

    Args:
        accept: The bounds; None accepts whatever kept its structure.
        language_id: What identifies languages.
        yes_no: A bare yes or no in a language.
    """

    def __init__(self, accept: Accept | None, language_id: LanguageIdScorer, yes_no: Callable[[str, str], str]) -> None:
        self._accept = accept
        self._yes_no = yes_no
        # A template is judged whatever its length: it stands in every row.
        self._scorers: list[Scorer] = [
            IntegrityScorer(), LexicalScorer(), ScriptScorer(), language_id, RoundTripScorer(min_letters=1),
        ]  # fmt: skip

    @property
    def needs_back_translation(self) -> bool:
        """Whether the translations must be translated back."""
        return self._accept is not None and self._accept.min_chrf is not None

    def facts(self) -> dict[str, Any]:
        """Everything that decides a verdict beside the entries, for the manifest."""
        if self._accept is None:
            return {"accept": None}
        scorers = {scorer.name: scorer.fingerprint() for scorer in self._scorers}
        return {"accept": self._accept.model_dump(), "scorers": scorers}

    def judge(self, texts: Iterable[TextKey], entries: Mapping[TextKey, Mapping[str, Any]]) -> Judged:
        """The verdicts on texts of templates; a text of which an entry is lacking has none.

        Args:
            texts: Languages with English texts.
            entries: By language and request, rows of `glotmill.engine.translation.back_translation.JOINED_SCHEMA`.
        """
        judged: dict[TextKey, Words | Refusal] = {}
        whole: list[_Translation] = []
        for lang, text in texts:
            found = [entries.get((lang, request)) for request in split(text, ENGLISH).requests]
            if None in found:
                continue
            made = self._translated((lang, text), [entry for entry in found if entry is not None])
            if isinstance(made, Refusal):
                judged[lang, text] = made
            else:
                whole.append(made)
        measured = [made for made in whole if not _by_people(made)] if self._accept else []
        refused = self._refused(measured) if measured else {}
        for made in whole:
            judged[made.key] = refused.get(made.key) or _words(made)
        return judged

    def _translated(self, key: TextKey, entries: list[Mapping[str, Any]]) -> _Translation | Refusal:
        """A template's text in its language, or why there is none with its structure."""
        lang, text = key
        cut = split(text, ENGLISH)
        known = dict(zip(cut.requests, entries, strict=True))
        failure = next((entry["failure"] for entry in entries if entry["translation"] is None), None)
        if failure is not None:
            return Refusal(str(failure).removeprefix(FAILED))

        def joined(column: str) -> str:
            return cut.join(lambda request: str(known[request][column]), lambda word: self._yes_no(word, lang))

        made = joined("translation")
        reason = mismatch(text, made, ENGLISH, lang)
        if reason is not None:
            return Refusal(reason, None, made)
        lost = any(entry["back"] is None for entry in entries)
        return _Translation(key, entries, made, None if lost else joined("back"))

    def _refused(self, translations: Sequence[_Translation]) -> dict[TextKey, Refusal]:
        """The translations that miss a bound, each with the first one that it misses, and by how much."""
        pairs = [(number, pair) for number, made in enumerate(translations) for pair in _pairs(made)]
        table = pa.Table.from_pylist([pair for _, pair in pairs], schema=PAIR_SCHEMA)
        columns = [pl.Series("number", [number for number, _ in pairs]), pl.Series("lang", table["lang"])]
        for scorer in self._scorers:
            values = scorer.score(table)
            columns += [pl.Series(metric.score_column, values[metric.name]) for metric in scorer.metrics]
        scores = pl.DataFrame(columns)
        found: dict[TextKey, Refusal] = {}
        for reason, fails, value in self._bounds():
            missed = scores.filter(fails.fill_null(value=False)).select("number", value=value)
            worst = missed.sort("value", descending=not reason.startswith("min_"), maintain_order=True)
            for number, measured in worst.unique("number", keep="first", maintain_order=True).iter_rows():
                made = translations[number]
                found.setdefault(made.key, Refusal(reason, round(float(measured), 4), made.text))
        return found

    def _bounds(self) -> Iterator[tuple[str, pl.Expr, pl.Expr]]:
        """(reason, what is true of a pair that misses the bound, what the bound is on), cheap ones first."""
        accept = self._accept
        assert accept is not None
        broken = pl.col("score_integrity_broken_chars")
        yield BROKEN, broken > 0, broken
        if accept.max_length_ratio is not None:
            ratio = pl.col("score_lexical_len_logratio").abs().exp()
            yield "max_length_ratio", ratio > accept.max_length_ratio, ratio
        rules = {rule.code: rule for scorer in self._scorers for rule in scorer.rules}
        for key, (code, parameters) in BOUNDS.items():
            bound = getattr(accept, key)
            if bound is not None:
                (score,) = rules[code].columns
                yield (
                    key,
                    rules[code].fails({name: rules[code].threshold(name, bound) for name in parameters}),
                    pl.col(score),
                )


def _by_people(made: _Translation) -> bool:
    return all(entry["origin"] == HUMAN for entry in made.entries)


def _words(made: _Translation) -> Words:
    machine = frozenset(entry["engine"] for entry in made.entries if entry["origin"] != HUMAN)
    return Words(made.text, made.back, frozenset(entry["origin"] for entry in made.entries), machine)


def _pairs(made: _Translation) -> Iterator[dict[str, Any]]:
    """What scorers are shown: the whole, and each long sentence, all without slots."""
    lang, text = made.key
    lost = any(entry["back_failed"] for entry in made.entries)
    parts = [(text, made.text, made.back, lost)]
    if len(made.entries) > 1:
        parts += [
            (request, entry["translation"], entry["back"], entry["back_failed"])
            for request, entry in zip(split(text, ENGLISH).requests, made.entries, strict=True)
            if sum(map(str.isalpha, request)) >= MIN_LETTERS
        ]
    for source, target, back, failed in parts:
        yield {
            "source_lang": ENGLISH,
            "lang": lang,
            "field_type": "instruction",
            "source": without_slots(source),
            "target": without_slots(target),
            "back": None if back is None else without_slots(back),
            "back_failed": bool(failed),
            "hit_limit": False,
        }


def without_slots(text: str) -> str:
    """A template's own words on one line."""
    return " ".join(SLOT.sub(" ", text).split())
