"""The judge of the scorer ``llm_judge``: a language model of the engines ``openai`` or ``vllm``, in the driver."""

from __future__ import annotations

import json
from collections.abc import Sequence

from glotmill.engine.llm.contract import Answer, Chat, ChatModel, Sampling, is_server_failure
from glotmill.engine.llm.prompts import load_prompts, tagged
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.registry import load_chat_model, resolve_translator
from glotmill.filters.scorers.llm_judge import BEST, WORST, Grades, Judge, JudgedPair
from glotmill.recipes.sections.scorers import Score
from glotmill.recipes.sections.translate import LlmTranslate
from glotmill.schemas.errors import InputError, WorkerError

_GRADE = {"type": "integer", "enum": list(range(WORST, BEST + 1))}
SCHEMA = {
    "type": "object",
    "properties": {"adequacy": _GRADE, "fluency": _GRADE},
    "required": ["adequacy", "fluency"],
    "additionalProperties": False,
}


class LlmJudge(Judge):
    """A language model that grades translations; it is loaded when the first pair comes.

    Args:
        spec: The model.
        section: The recipe's section.
    """

    def __init__(self, spec: TranslatorSpec, section: LlmTranslate) -> None:
        self._spec = spec
        self._section = section
        self._prompts = load_prompts(section.prompts)
        self._model: ChatModel | None = None

    def fingerprint(self) -> str:
        """Identifies the model and its prompt."""
        return self._spec.fingerprint

    def grade(self, pairs: Sequence[JudgedPair]) -> list[Grades | None]:
        """The grades of each pair, in order; None where the model gave none."""
        section = self._section
        if self._model is None:
            self._model = load_chat_model(self._spec)
        sampling = Sampling(section.temperature, section.top_p, section.seed)
        answers = self._model.answer([self._chat(pair) for pair in pairs], sampling)
        lost = [answer for answer in answers if is_server_failure(answer.failure)]
        if lost:
            msg = (
                f"score.llm_judge: {len(lost)} of {len(answers)} pairs were not graded by {self._spec.model}: "
                f"{lost[0].failure}, {lost[0].detail}; run the same command again"
            )
            raise WorkerError(msg)
        return [grades_of(answer) for answer in answers]

    def _chat(self, pair: JudgedPair) -> Chat:
        shown = json.dumps({"source": pair.source, "translation": pair.target}, ensure_ascii=False)
        system = self._prompts.system("judge", pair.source_lang, pair.target_lang)
        return Chat(system, tagged(shown), self._section.max_tokens, SCHEMA)


def grades_of(answer: Answer) -> Grades | None:
    """The grades that an answer gives, where it is nothing but an object with both."""
    try:
        found = json.loads(answer.text or "")
        grades = [found[name] for name in ("adequacy", "fluency")]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    whole = all(type(grade) is int and WORST <= grade <= BEST for grade in grades)
    return Grades(*grades) if whole else None


def make_judge(score: Score) -> LlmJudge | None:
    """The judge of a recipe's ``score`` section, described; None where no scorer needs one.

    Raises:
        InputError: The scorer has no section, or its model cannot be had so.
    """
    if "llm_judge" not in (score.scorers or ()):
        return None
    section = score.settings["llm_judge"]
    if section is None:
        msg = "score.llm_judge: the scorer llm_judge needs a model: an engine (openai or vllm) with its keys"
        raise InputError(msg)
    try:
        return LlmJudge(resolve_translator(section), section)
    except InputError as error:
        msg = str(error).replace("translate.", "score.llm_judge.", 1)
        raise InputError(msg) from None
