"""The vocabulary phase: an output vocabulary that follows from a model's own translations, decided before any record.

A seeded sample of each language is translated with all tokens; the tokens seen there, what can always be spelled and
the first tokens of the vocabulary in the language's script are kept. Another sample is then translated with all and
with the kept tokens: while too many translations differ, the list takes what that sample used and more first tokens.
SentencePiece numbers its pieces by frequency, so the first ones are those that more text would show.

Guarantees: the samples follow from the texts, not from their order; they are translated by units like any others, so a
build that is killed here goes on here; what is decided is kept for every later build of the memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import lgamma, log, log1p

import numpy as np
import polars as pl

from glotmill.engine.memory.translations import Direction
from glotmill.engine.memory.vocabularies import DecidedVocabulary
from glotmill.engine.translation.requests import REQUEST_SCHEMA, Requests, RequestSource, Tables
from glotmill.engine.translators.contract import VOCABULARY, TranslatorSpec
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary, of_first, of_script
from glotmill.engine.translators.shared.vocabulary_lists import model_digest, model_tokens
from glotmill.schemas.errors import TranslatorError
from glotmill.schemas.keys import draw

SAMPLE = 2_000  # texts from whose translations a list begins
CHECK = 2_000  # texts that are translated both ways, new ones for each list that is tried
LEVELS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)  # shares of a vocabulary whose tokens in the language's script are kept
CONFIDENCE = 0.95  # of the bound, over all lists that are tried
TEXTS_THAT_PAY = 10_000  # different texts into a language, from which on the samples pay

# From an engine, a phase's name and requests to the entries: columns text and translation, by direction.
Ask = Callable[[TranslatorSpec, str, RequestSource], Callable[[Direction], pl.DataFrame]]
Drawn = tuple[Direction, str]  # a text and its direction


def requests_of(texts: Mapping[Direction, Sequence[str]]) -> Requests:
    """Different texts of each direction as requests."""

    def read(directions: Iterable[Direction]) -> Tables:
        for direction in directions:
            columns = {"text": sorted(texts[direction]), "asked": 1, "carrier": False}
            yield direction, pl.DataFrame(columns, schema=REQUEST_SCHEMA)

    return Requests(texts.keys(), read)


def full_engine(spec: TranslatorSpec) -> TranslatorSpec:
    """The engine with all its tokens."""
    rest = {key: value for key, value in spec.identity.items() if key != VOCABULARY}
    return replace(spec, identity=rest, vocabularies={})


def drawn(requested: RequestSource, lang: str) -> list[Drawn]:
    """The texts of a target language in a seeded order, but for carriers."""
    found = [
        (draw(VOCABULARY, direction.source_lang, text), direction, text)
        for direction in requested.directions()
        if direction.target_lang == lang
        for text in requested.table(direction).filter(~pl.col("carrier"))["text"]
    ]
    return [(direction, text) for _, direction, text in sorted(found, key=lambda one: (one[0], one[2]))]


class AutoVocabulary:
    """Makes the list of one language.

    Args:
        spec: The engine.
        lang: The target language.
        texts: Its texts in a seeded order, with their directions.
        most_changed: The share of translations that may differ.
        ask: Has texts translated by an engine.
        example: Text in the language; without, the translations of the first texts are looked at.
    """

    def __init__(
        self,
        spec: TranslatorSpec,
        lang: str,
        texts: list[Drawn],
        most_changed: float,
        ask: Ask,
        example: Sequence[str] = (),
    ) -> None:
        if spec.folder is None:
            msg = f"not a spec of a CTranslate2 model: {spec.model}"
            raise TranslatorError(msg)
        self._spec = spec
        self._lang = lang
        self._texts = texts
        self._most = most_changed
        self._ask = ask
        self._example = example
        self._tokens = model_tokens(spec.folder)
        self._encode = self._tokens.encoder()
        self._full = full_engine(spec)
        self._script = of_script(self._tokens.tokens, lang)

    def decide(self) -> DecidedVocabulary:
        """The list, or why the language keeps all tokens."""
        if len(self._texts) < (CHECK if self._example else TEXTS_THAT_PAY):
            return self._keeps_all(f"{len(self._texts)} different texts are too few for samples of them to pay")
        lines = self._encode(list(self._example)) or self._translated(self._full, 0, SAMPLE, "sample")
        seen = Counter(token for line in lines for token in line)
        # Good and Turing's estimate of the mass of what a sample has not shown: the share of what it has shown once.
        figures = {"unseen_mass": sum(count == 1 for count in seen.values()) / max(1, seen.total())}
        start = 0 if self._example else SAMPLE
        for level, share in enumerate(LEVELS):
            kept = of_first(self._tokens.tokens, self._lang, self._script, int(share * self._script.size), list(seen))
            if kept.tokens >= self._script.size:
                break
            if start + CHECK > len(self._texts):
                break
            whole = self._translated(self._full, start, start + CHECK, f"check{level}")
            cut = self._translated(self._cut(kept), start, start + CHECK, f"check{level}.cut")
            changed = sum(one != other for one, other in zip(whole, cut, strict=True))
            bound = upper_bound(changed, len(whole), 1 - (1 - CONFIDENCE) / len(LEVELS))
            figures |= {"changed": changed / len(whole), "changed_at_most": bound, "checked": len(whole)}
            if bound <= self._most:
                return self._made(kept, None, figures)
            seen.update(token for line in whole for token in line)
            start += CHECK
        return self._keeps_all("translations changed with every list that was tried", figures)

    def _translated(self, spec: TranslatorSpec, start: int, end: int, name: str) -> list[list[int]]:
        """The tokens of the translations of some texts; none of one that failed."""
        chosen: dict[Direction, list[str]] = {}
        for direction, text in self._texts[start:end]:
            chosen.setdefault(direction, []).append(text)
        read = self._ask(spec, f"{VOCABULARY}.{self._lang}.{name}", requests_of(chosen))
        entries = pl.concat(
            [
                read(direction).select("text", "translation")
                for direction in sorted(chosen, key=lambda one: one.source_lang)
            ]
        )
        return self._encode(entries["translation"].fill_null("").to_list())

    def _cut(self, kept: OutputVocabulary) -> TranslatorSpec:
        return replace(self._spec, vocabularies={self._lang: kept})

    def _keeps_all(self, why: str, figures: dict[str, float] | None = None) -> DecidedVocabulary:
        return self._made(None, why, figures or {})

    def _made(self, kept: OutputVocabulary | None, why: str | None, figures: dict[str, float]) -> DecidedVocabulary:
        size = len(self._tokens.tokens)
        return DecidedVocabulary(
            model=model_digest(self._spec),
            lang=self._lang,
            origin="auto",
            size=size,
            tokens=kept.tokens if kept else size,
            members=kept.packed if kept else None,
            why=why,
            figures=figures,
        )


def upper_bound(changed: int, checked: int, confidence: float) -> float:
    """The upper bound of a share of which a sample showed some (Clopper and Pearson 1934, one-sided)."""
    if changed >= checked:
        return 1.0
    counts = np.arange(changed + 1)
    ways = np.array([lgamma(checked + 1) - lgamma(n + 1) - lgamma(checked - n + 1) for n in counts.tolist()])
    low, high = changed / checked, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        # The probability of no more than was seen falls as the share grows.
        no_more = np.exp(ways + counts * log(middle) + (checked - counts) * log1p(-middle)).sum()
        low, high = (middle, high) if no_more > 1 - confidence else (low, middle)
    return high
