"""The vocabulary phase: an output vocabulary that follows from a model's own translations, decided before any record.

A seeded sample of each language is searched with all tokens. A list has what can always be spelled, the tokens that any
hypothesis of these searches used, and then those that the model expected most often, up to a share of the vocabulary.
Other texts are then translated with all and with the kept tokens: while too many translations differ, a wider list is
tried, which also takes what the searches of the changed ones used. Half of the sample says in advance which lists are
too short to be tried.

Guarantees: the samples follow from the texts, not from their order; they are translated by units like any others, so a
build that is killed here goes on here; what is decided is kept for every later build of the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import lgamma, log, log1p, sqrt
from typing import Protocol

import numpy as np
import polars as pl

from glotmill.engine.memory.entries import Direction
from glotmill.engine.memory.vocabularies import DecidedVocabulary
from glotmill.engine.translation.drawn_texts import Drawn
from glotmill.engine.translation.requests import REQUEST_SCHEMA, Requests, RequestSource, Tables
from glotmill.engine.translators.contract import VOCABULARY, TranslatorSpec
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary
from glotmill.engine.translators.shared.token_tally import TokenTally, lacking
from glotmill.engine.translators.shared.token_use import TokenUse
from glotmill.engine.translators.shared.vocabulary_lists import model_digest, model_tokens
from glotmill.schemas.errors import TranslatorError

SAMPLE = 4_000  # texts whose searches a list is made from
# Texts that are translated both ways, new ones for each list that is tried. A list may pass at the second and at the
# third of these numbers; one that can pass no more goes no further.
LOOKS = (1_000, 4_000, 8_000)
TRIES = 3  # lists that may come to a number at which they could pass
LEVELS = (1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4)  # sizes of the lists, as shares of the vocabulary
CONFIDENCE = 0.95  # of the bound, over all tries
TEXTS_THAT_PAY = 20_000  # different texts into a language, from which on the samples pay
MOST_TEXTS = 30_000  # that the phase looks at: the sample, all tries, and lists that fail at the first number


class Engines(Protocol):
    """Has texts worked on by an engine."""

    def translated(
        self, spec: TranslatorSpec, name: str, requested: RequestSource
    ) -> Callable[[Direction], pl.DataFrame]:
        """The entries of requests by direction: columns text and translation; the name is the phase's."""

    def used(self, spec: TranslatorSpec, name: str, texts: Sequence[Drawn]) -> list[TokenUse]:
        """What the searches of texts use; nothing of a text that the engine cannot read."""


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


class AutoVocabulary:
    """Makes the list of one language.

    Args:
        spec: The engine.
        lang: The target language.
        texts: Its texts in a seeded order, with their directions.
        most_changed: The share of translations that may differ.
        engines: Works for it.
        known: Tokens that the list has whatever the sample uses.
        least: Different texts from which on the samples pay.
    """

    def __init__(
        self,
        spec: TranslatorSpec,
        lang: str,
        texts: Sequence[Drawn],
        most_changed: float,
        engines: Engines,
        known: Iterable[int] = (),
        least: int | None = None,
    ) -> None:
        if spec.folder is None:
            msg = f"not a spec of a CTranslate2 model: {spec.model}"
            raise TranslatorError(msg)
        self._spec = spec
        self._lang = lang
        self._texts = texts
        self._most = most_changed
        self._engines = engines
        self._known = frozenset(known)
        self._least = TEXTS_THAT_PAY if least is None else least
        self._tokens = model_tokens(spec.folder).tokens
        self._full = full_engine(spec)

    def decide(self) -> DecidedVocabulary:
        """The list, or why the language keeps all tokens."""
        if len(self._texts) < self._least:
            return self._keeps_all(f"{len(self._texts)} different texts are too few for samples of them to pay")
        uses = self._used(self._texts[:SAMPLE], "sample")
        half, others = uses[: len(uses) // 2], uses[len(uses) // 2 :]
        tally, of_half = self._tally(uses), self._tally(half)
        figures = {"unseen_mass": tally.unseen_mass}
        start, tried, tries = SAMPLE, 0, 0
        for level, share in enumerate(LEVELS):
            size = int(share * len(self._tokens))
            kept = tally.of_size(size)
            if kept.tokens == len(self._tokens) or start + LOOKS[1] > len(self._texts) or tries == TRIES:
                break
            if kept.tokens == tried or self._is_too_short(of_half.of_size(size), others):
                continue
            tried = kept.tokens
            changed, checked = self._changed(kept, self._texts[start:], f"check{level}")
            bound = self._bound(len(changed), checked)
            figures |= {"changed": len(changed) / checked, "changed_at_most": bound, "checked": checked}
            if bound <= self._most:
                return self._made(kept, None, figures)
            tally.add(self._used(changed, f"changed{level}"))
            start += checked
            tries += checked > LOOKS[0]
        return self._keeps_all("translations changed with every list that was tried", figures)

    def _tally(self, uses: Iterable[TokenUse]) -> TokenTally:
        tally = TokenTally(self._tokens, self._lang, self._known)
        tally.add(uses)
        return tally

    def _is_too_short(self, kept: OutputVocabulary, uses: Sequence[TokenUse]) -> bool:
        """Whether more translations need other tokens than chance explains (two standard deviations)."""
        expected = self._most * len(uses)
        return lacking(uses, kept) > expected + 2 * sqrt(expected)

    def _changed(self, kept: OutputVocabulary, texts: Sequence[Drawn], name: str) -> tuple[list[Drawn], int]:
        """(the texts whose translations differ with all and with the kept tokens, how many texts were looked at)."""
        cut_engine = replace(self._spec, vocabularies={self._lang: kept})
        changed: list[Drawn] = []
        checked = 0
        for look in LOOKS:
            part = texts[checked:look]
            if checked + len(part) < look:
                break
            whole = self._translated(self._full, part, f"{name}.{look}")
            cut = self._translated(cut_engine, part, f"{name}.{look}.cut")
            changed += [text for text, one, other in zip(part, whole, cut, strict=True) if one != other]
            checked = look
            passes = look > LOOKS[0] and self._bound(len(changed), look) <= self._most
            if passes or self._bound(len(changed), LOOKS[-1]) > self._most:
                break
        return changed, checked

    @staticmethod
    def _bound(changed: int, checked: int) -> float:
        """The upper bound of the share that changes, which holds for all tries and looks together (Bonferroni).

        A list that ends at the first look does not count: it could not pass there.
        """
        return upper_bound(changed, checked, 1 - (1 - CONFIDENCE) / (TRIES * (len(LOOKS) - 1)))

    def _used(self, texts: Sequence[Drawn], name: str) -> list[TokenUse]:
        return self._engines.used(self._full, f"{VOCABULARY}.{self._lang}.{name}", texts)

    def _translated(self, spec: TranslatorSpec, texts: Sequence[Drawn], name: str) -> list[str | None]:
        """The translations of some texts, in order; None of one that failed."""
        chosen: dict[Direction, list[str]] = {}
        for direction, text in texts:
            chosen.setdefault(direction, []).append(text)
        read = self._engines.translated(spec, f"{VOCABULARY}.{self._lang}.{name}", requests_of(chosen))
        found = {direction: dict(read(direction).select("text", "translation").iter_rows()) for direction in chosen}
        return [found[direction][text] for direction, text in texts]

    def _keeps_all(self, why: str, figures: dict[str, float] | None = None) -> DecidedVocabulary:
        return self._made(None, why, figures or {})

    def _made(self, kept: OutputVocabulary | None, why: str | None, figures: dict[str, float]) -> DecidedVocabulary:
        size = len(self._tokens)
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
