"""Language models as translators: prompts around requests, and translations out of answers.

Guarantees: what is remembered is a translation or a named failure of the text; a failure of the machine keeps its
name, which nothing remembers. A request that is a whole record is answered by a translation for each of its texts, as
one JSON object, or fails with what did not fit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from glotmill.engine.llm.answer_check import CHECKS_VERSION, cleaned, not_a_translation
from glotmill.engine.llm.contract import Answer, Chat, ChatModel, Sampling
from glotmill.engine.llm.prompts import load_prompts, tagged
from glotmill.engine.text.records import is_record, items_of, read_answer, schema_of
from glotmill.engine.translators.contract import ForcedPair, ForcedScore, Request, Translation, TranslatorSpec
from glotmill.engine.translators.shared.retry import TRIGGERS_VERSION
from glotmill.recipes.sections.translate import LlmTranslate
from glotmill.schemas.errors import TranslatorError


def decode_policy(section: LlmTranslate) -> dict[str, Any]:
    """What decides a translation beside the model: prompts, sampling, checks; part of a fingerprint.

    The mode is not in it, as the request itself tells: both modes share what they ask alike.
    """
    return {
        "prompts": load_prompts(section.prompts).fingerprint,
        "temperature": section.temperature,
        "top_p": section.top_p,
        "seed": section.seed,
        "max_tokens": section.max_tokens,
        "retry": section.retry.model_dump() if section.retry else None,
        "checks": CHECKS_VERSION,
        "triggers": TRIGGERS_VERSION,
        "version": 1,
    }


class LlmTranslator:
    """A chat model that translates.

    Args:
        section: The recipe's section.
        model: The loaded model.
    """

    def __init__(self, section: LlmTranslate, model: ChatModel) -> None:
        self._section = section
        self._model = model
        self._prompts = load_prompts(section.prompts)
        self.retries = section.retry is not None

    def translate(self, batch: Sequence[Request], *, retry: bool = False) -> list[Translation]:
        """Translate one batch as one batch."""
        settings = self._section.retry if retry and self._section.retry else self._section
        sampling = Sampling(settings.temperature, settings.top_p, settings.seed)
        answers = self._model.answer([self.chat(request) for request in batch], sampling)
        return [_translation(request, answer) for request, answer in zip(batch, answers, strict=True)]

    def score(self, pairs: Sequence[ForcedPair]) -> list[ForcedScore | None]:
        """A chat model gives no forced scores."""
        msg = f"{self._section.model} is a chat model, which gives no forced scores for {len(pairs)} pairs"
        raise TranslatorError(msg)

    def chat(self, request: Request) -> Chat:
        """What the model is shown for a request."""
        whole = is_record(request.text)
        task = "record" if whole else "segment"
        shown = json.dumps(items_of(request.text), ensure_ascii=False, indent=1) if whole else request.text
        return Chat(
            system=self._prompts.system(task, request.source_lang, request.target_lang),
            user=tagged(shown),
            max_tokens=self._section.max_tokens,
            schema=schema_of(request.text) if whole else None,
        )


def _translation(request: Request, answer: Answer) -> Translation:
    made = Translation(
        answer.text,
        answer.failure,
        answer.logprob,
        target_tokens=answer.completion_tokens or None,
        hit_limit=answer.cut,
        detail=answer.detail,
        requests=answer.requests,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
    )
    if answer.text is None or answer.cut:
        return made  # a cut answer is broken by itself: the retry names it
    text, reason = _whole(request, answer.text) if is_record(request.text) else _one(request, request.text, answer.text)
    return replace(made, text=None if reason else text, failure=reason, detail=answer.text[:200] if reason else None)


def _one(request: Request, source: str, answer: str) -> tuple[str, str | None]:
    """(translation, why it is none) of one text."""
    text = cleaned(source, answer)
    return text, not_a_translation(source, text, request.source_lang, request.target_lang)


def _whole(request: Request, answer: str) -> tuple[str, str | None]:
    """(translations as JSON, why they are none) of a record; the first text that is no translation names it."""
    given = read_answer(request.text, answer)
    if isinstance(given, str):
        return "", given
    made = {}
    for key, source in items_of(request.text).items():
        made[key], reason = _one(request, source, given[key])
        if reason:
            return "", reason
    return json.dumps(made, ensure_ascii=False), None


def translator_of(spec: TranslatorSpec, model: ChatModel) -> LlmTranslator:
    """The translator of a spec.

    Raises:
        TranslatorError: The spec is of another kind of engine.
    """
    if not isinstance(spec.section, LlmTranslate):
        msg = f"not a spec of a language model: {spec.model}"
        raise TranslatorError(msg)
    return LlmTranslator(spec.section, model)
