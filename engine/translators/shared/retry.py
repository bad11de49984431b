"""Retry: a segment whose translation is broken gets a second decode with other settings.

Guarantees: what counts as broken is fixed in code under `TRIGGERS_VERSION`, which is part of every translator's
fingerprint, and never a recipe's filter; a segment that stays broken is a named failure, never a text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from glotmill.engine.llm.contract import is_server_failure
from glotmill.engine.translators.contract import ForcedPair, ForcedScore, Request, Translation, Translator
from glotmill.engine.translators.shared.choose import choose
from glotmill.engine.translators.shared.loops import looping
from glotmill.schemas.errors import TranslatorError

# Raised whenever another translation counts as broken.
TRIGGERS_VERSION = 2
FIRST, RETRY = "first", "retry"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A translation with the settings of the decode that gave it, and how many decodes it took."""

    translation: Translation
    settings: str
    attempt: int


@dataclass(frozen=True, slots=True)
class DecodedBatch:
    """The translations of a batch, and how many decodes each of them took."""

    translations: list[Translation]
    attempts: list[int]

    @property
    def settings(self) -> list[str]:
        """The settings of the decode that gave each translation."""
        return [FIRST if attempt == 1 else RETRY for attempt in self.attempts]


def troubles(batch: Sequence[Request], translations: Sequence[Translation]) -> list[str | None]:
    """Why translations are broken, as reason codes; None where one is whole."""
    reasons = list(map(_named, translations))
    texts = [translation.text or "" for translation in translations]
    looped = [row for row, loops in enumerate(looping(texts)) if loops and reasons[row] is None]
    for row, loops in zip(looped, looping([batch[row].text for row in looped]), strict=True):
        if not loops:
            reasons[row] = "looped"
    return reasons


def _named(translation: Translation) -> str | None:
    """Why a translation is broken, but for its text."""
    if translation.failure is not None:
        return translation.failure
    if not _finite(translation.logprob):
        return "score_not_finite"
    return "hit_limit" if translation.hit_limit else None


def _finite(logprob: float | None) -> bool:
    return logprob is None or math.isfinite(logprob)


# Failures of the request itself: another decode cannot help.
_FINAL = frozenset({"source_too_long", "empty_source"})


def translate_with_retry(translator: Translator, batch: Sequence[Request]) -> list[Outcome]:
    """Translate a batch as `decode_with_retry`, each translation with how it was decoded."""
    made = decode_with_retry(translator, batch)
    return list(map(Outcome, made.translations, made.settings, made.attempts))


def decode_with_retry(translator: Translator, batch: Sequence[Request]) -> DecodedBatch:
    """Translate a batch, and what came out broken once more.

    The second batch holds the broken requests in their order, so it is a function of the first.

    Raises:
        TranslatorError: The engine broke, or gave another number of results than it had requests.
    """
    first, reasons = _decoded(translator, batch, retry=False)
    made = DecodedBatch(list(map(_settled, first, reasons)) if any(reasons) else first, [1] * len(first))
    again = [i for i, reason in enumerate(reasons) if reason and not _final(reason)] if translator.retries else []
    second, still = _decoded(translator, [batch[i] for i in again], retry=True) if again else ([], [])
    for i, result, reason in zip(again, second, still, strict=True):
        made.translations[i] = _with_cost(_settled(result, reason), first[i])
        made.attempts[i] = 2
    return made


def _final(reason: str) -> bool:
    """Whether another decode cannot help, or is not due: the engine has tried a failing machine often enough."""
    return reason in _FINAL or is_server_failure(reason)


def _with_cost(result: Translation, first: Translation) -> Translation:
    """The result with what the first decode took."""
    return replace(
        result,
        requests=result.requests + first.requests,
        prompt_tokens=result.prompt_tokens + first.prompt_tokens,
        completion_tokens=result.completion_tokens + first.completion_tokens,
    )


def _decoded(
    translator: Translator, batch: Sequence[Request], *, retry: bool
) -> tuple[list[Translation], list[str | None]]:
    """(the translations of a batch, chosen where the engine gives several; why they are broken)."""

    def score(pairs: Sequence[ForcedPair]) -> list[ForcedScore | None]:
        return whole_answer(lambda: translator.score(pairs), len(pairs), "scores", "pairs")

    results = whole_answer(lambda: translator.translate(batch, retry=retry), len(batch), "results", "requests")
    choice = getattr(translator, "choice", None)
    if choice is None:
        return results, troubles(batch, results)
    return choose(choice, batch, results, troubles, score)


def whole_answer(ask: Callable[[], list[T]], expected: int, given: str, requested: str) -> list[T]:
    """What an engine gives for a batch.

    Args:
        ask: Asks it.
        expected: How many results it owes.
        given: What they are called in a message.
        requested: What they are for, likewise.

    Raises:
        TranslatorError: The engine broke, or gave another number of results.
    """
    try:
        results = ask()
    except TranslatorError:
        raise
    except Exception as error:  # whatever an engine raises means that it broke; the caller decides what then
        msg = f"{type(error).__name__}: {error}"
        raise TranslatorError(msg) from error
    if len(results) != expected:
        msg = f"the engine gave {len(results)} {given} for the {expected} {requested} of a batch"
        raise TranslatorError(msg)
    return results


def _settled(result: Translation, reason: str | None) -> Translation:
    """The result, or its failure where it is broken."""
    if reason is None:
        return result
    return replace(result, text=None, failure=reason, logprob=result.logprob if _finite(result.logprob) else None)
