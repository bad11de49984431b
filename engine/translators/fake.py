"""A deterministic stand-in for an engine, with switchable faults.

It marks each word with the target language (``dog`` → ``dogˈdeu``), so that translating back gives the source
again, tests can read what happened, and every guarantee can be tried in milliseconds.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Literal

from pydantic import Field

from glotmill.engine.translators.contract import (
    ForcedPair,
    ForcedScore,
    Placement,
    Request,
    Translation,
    TranslatorMember,
    TranslatorSpec,
)
from glotmill.engine.translators.shared.choose import Choice, choice_identity
from glotmill.engine.translators.shared.retry import TRIGGERS_VERSION
from glotmill.recipes.sections.translate import NBestTranslate
from glotmill.schemas.errors import TranslatorError
from glotmill.schemas.languages import ENGLISH, registry

Fault = Literal["drop_sentence", "drop_word", "loop", "echo", "wrong_language", "empty"]


class FakeTranslate(NBestTranslate):
    """A deterministic stand-in for tests and dry runs: it marks words with the language and can misbehave.

    Attributes:
        fault: What it does wrong, on every ``fault_every``-th text as chosen by the text's hash.
        fault_every: 1 is every text.
        crash_at_batch: Raise on this batch of each worker's life, counted from 1.
        poison: A word; whatever batch holds a text with it fails.
        poison_does: How: the engine raises, never answers, ends its process, or gives a result too few.
        seconds_per_batch: How long a batch takes.
        retry_helps: The fault is gone on a second decode.
        batch_sensitive: Scores carry a digest of the whole batch, so that a test sees any re-batching.
    """

    engine: Literal["fake"]
    fault: Fault | None = None
    fault_every: int = Field(1, ge=1)
    crash_at_batch: int | None = Field(None, ge=1)
    poison: str | None = Field(None, min_length=1)
    poison_does: Literal["raise", "hang", "exit", "short"] = "raise"
    seconds_per_batch: float = Field(0, ge=0)
    retry_helps: bool = False
    batch_sensitive: bool = False


_WORD = re.compile(r"[^\W\d_]{2,}(?:ˈ[a-z]{3})?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
MARK = "ˈ"


def describe(section: FakeTranslate, _gpus: int | None = None) -> TranslatorSpec:
    """The spec of the stand-in: every FLORES-200 language, no model."""
    choice = Choice.of(section, "fake")
    identity = {
        "engine": "fake",
        "fault": section.fault,
        "fault_every": section.fault_every,
        "retry_helps": section.retry_helps,
        "batch_sensitive": section.batch_sensitive,
        "triggers": TRIGGERS_VERSION,
        "version": 1,
        **choice_identity(choice),
    }
    return TranslatorSpec(
        engine="fake",
        model="fake",
        license="apache-2.0",
        languages=frozenset(registry()),
        identity=identity,
        section=section,
        placement=Placement("cpu", "none", cpus=section.threads, gpus=0.0),
        scores=True,
        choice=choice,
    )


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


class FakeTranslator:
    """The loaded stand-in."""

    def __init__(self, spec: TranslatorSpec) -> None:
        if not isinstance(spec.section, FakeTranslate):
            msg = f"not a spec of the fake engine: {spec.model}"
            raise TranslatorError(msg)
        self._section = spec.section
        self._batches = 0
        self.retries = True
        self.choice = spec.choice

    def translate(self, batch: Sequence[Request], *, retry: bool = False) -> list[Translation]:
        """Translate one batch as one batch."""
        self._batches += 1
        if self._batches == self._section.crash_at_batch:
            msg = f"the fake engine was set to crash at batch {self._batches}"
            raise TranslatorError(msg)
        time.sleep(self._section.seconds_per_batch)
        short = 0
        if self._section.poison and any(self._section.poison in request.text for request in batch):
            short = self._poisoned()
        noise = 0.0
        if self._section.batch_sensitive:
            noise = _hash("\0".join(r.text for r in batch)) / 2**64
        well = retry and self._section.retry_helps
        made = [self._one(request, noise, well=well) for request in batch]
        if self.choice is not None:
            made = [self._with_others(request, first) for request, first in zip(batch, made, strict=True)]
        return made[short:]

    def _with_others(self, request: Request, first: Translation) -> Translation:
        """A translation with others behind it: the right one, then ever shorter ones; only the first has a fault."""
        words = _mark(request.text, request.target_lang).split()
        texts = [" ".join(words[:count]) for count in range(len(words), 0, -1)]
        logprob = first.logprob or 0.0
        others = (
            replace(first, text=text, failure=None, logprob=logprob - 0.1 * place, hit_limit=False,
                    target_tokens=len(text.split()) + 1)
            for place, text in enumerate([text for text in texts if text != first.text], start=1)
        )  # fmt: skip
        return replace(first, others=tuple(islice(others, self._section.hypotheses - 1)))

    def _poisoned(self) -> int:
        """Come to grief as the recipe says; how many results to withhold."""
        match self._section.poison_does:
            case "hang":
                time.sleep(1_000_000)
            case "exit":
                os._exit(1)
            case "raise":
                msg = f"the fake engine cannot bear {self._section.poison!r}"
                raise TranslatorError(msg)
        return 1

    def score(self, pairs: Sequence[ForcedPair]) -> list[ForcedScore | None]:
        """Likely words are those that the stand-in would have written itself."""
        noise = _hash("\0".join(p.translation for p in pairs)) / 2**64 if self._section.batch_sensitive else 0.0
        return [self._forced(pair, noise) for pair in pairs]

    def _forced(self, pair: ForcedPair, noise: float) -> ForcedScore | None:
        words, own = pair.translation.split(), set(_mark(pair.text, pair.target_lang).split())
        if not words or not pair.text.strip():
            return None
        return ForcedScore(tuple(-0.5 if word in own else -5.0 for word in words), -0.5 - noise, len(words) + 1)

    def _one(self, request: Request, noise: float, *, well: bool) -> Translation:
        hit = not well and _hash(request.text) % self._section.fault_every == 0
        fault = self._section.fault if hit else None
        text = self._misbehave(request) if fault else _mark(request.text, request.target_lang)
        empty = not text.strip()
        return Translation(
            None if empty else text,
            "empty_output" if empty else None,
            logprob=-(_hash(request.text) / 2**64) - noise,
            source_tokens=len(request.text.split()),
            target_tokens=len(text.split()) + 1,
            hit_limit=fault == "loop",
        )

    def _misbehave(self, request: Request) -> str:
        right = _mark(request.text, request.target_lang)
        match self._section.fault:
            case "drop_sentence":
                return " ".join(_SENTENCE.split(right)[:-1]) or right
            case "drop_word":
                return " ".join(right.split()[:-1])
            case "loop":
                return " ".join([right, *right.split()[-3:] * 20])
            case "wrong_language":
                return _mark(request.text, "fra_Latn" if request.target_lang != "fra_Latn" else "deu_Latn")
            case "empty":
                return ""
            case _:
                return request.text


def _mark(text: str, target: str) -> str:
    """Each word with the language's first three letters; into English the marks go."""
    mark = "" if target == ENGLISH else MARK + target[:3]
    return _WORD.sub(lambda m: m.group().partition(MARK)[0] + mark, text)


def _languages() -> dict[str, frozenset[str]]:
    return {"fake": frozenset(registry())}


MEMBER = TranslatorMember(
    FakeTranslate, describe, FakeTranslator, _languages, row=("a stand-in that marks words, for tests", "anywhere")
)
