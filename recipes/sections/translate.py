"""The ``translate:`` and ``routing:`` sections of a recipe: what all engines state, or those of one kind.

The section of an engine is in the module of that engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    Field,
    SerializationInfo,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from glotmill.recipes.families import one_of
from glotmill.recipes.language_sets import expand
from glotmill.recipes.section import ModelName, RecipePath, Section
from glotmill.schemas.errors import InputError

FOR_LOCK = {"for": "lock"}  # the context in which a recipe is written into a dataset
ComputeType = Literal["auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "float16", "bfloat16", "float32"]


class TranslateBase(Section):
    """What every engine states: how its work is cut up, since batches decide the last digits of scores.

    Attributes:
        batch_tokens: Upper bound of a batch, in padded source tokens as estimated from the text's bytes.
        unit_tokens: Tokens of a unit of work, which is committed as a whole; four times as many of forced pairs.
        threads: CPU threads of one worker.
        unit_timeout: Seconds after which a unit's worker counts as hung and is replaced.
    """

    batch_tokens: int = Field(2048, ge=16, le=1_000_000)
    unit_tokens: int = Field(32_768, ge=16, le=100_000_000)
    threads: int = Field(1, ge=1, le=256)
    unit_timeout: float = Field(1800, gt=0)

    # Keys that say where and how fast, and so must not reach a dataset.
    not_locked: ClassVar[frozenset[str]] = frozenset({"unit_timeout"})

    @model_serializer(mode="wrap")
    def _dumped(self, dump: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        return self._as_locked(dump(self), info)

    def _as_locked(self, found: dict[str, Any], info: SerializationInfo) -> dict[str, Any]:
        if info.context == FOR_LOCK:
            found = {key: value for key, value in found.items() if key not in self.not_locked}
            if str(found.get("model", "")).startswith(("/", ".", "~")):
                found["model"] = Path(found["model"]).name
        return found


class NBestTranslate(TranslateBase):
    """An engine that can give several translations of a text.

    Attributes:
        hypotheses: Different translations of a text that the memory keeps, at most; those that are broken do not count.
        choose: Which of them is the text: ``score`` takes the one that the search ranks first, ``reverse`` the one with
            the highest log-probability plus ``reverse_weight`` times that of the source, given the translation,
            ``quality`` the one that a fit of the quality score estimates to be the best, but for the round trip.
        reverse_weight: Weight of the source's log-probability; both are means of a token, end token included.
        quality_fit: The fit for ``choose: quality``, such as another build's ``dataset/quality.json``; ``build`` is one
            that the build itself makes first, of a sample of its own translations, and keeps as
            ``dataset/choice.json``. The embedded model has one that comes with Glotmill.
    """

    hypotheses: int = Field(1, ge=1, le=64)
    choose: Literal["score", "reverse", "quality"] = "score"
    reverse_weight: float = Field(0.3, ge=0, le=10)
    quality_fit: Annotated[Literal["build"] | RecipePath | None, Field(union_mode="left_to_right")] = None

    @model_validator(mode="after")
    def _several_to_choose_from(self) -> Self:
        if self.choose != "score" and self.hypotheses == 1:
            msg = f"choose: {self.choose} chooses among several translations: set hypotheses to 2 or more, such as 8"
            raise ValueError(msg)
        if self.quality_fit is not None and self.choose != "quality":
            msg = f"quality_fit goes with choose: quality, and choose is {self.choose}; take one of them out"
            raise ValueError(msg)
        return self

    @model_serializer(mode="wrap")
    def _dumped(self, dump: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """Where a text has one translation, the lock is that of datasets that were built before it could have more."""
        found = self._as_locked(dump(self), info)
        if info.context == FOR_LOCK and self.hypotheses == 1:
            found = {key: value for key, value in found.items() if key not in NBestTranslate.__annotations__}
        if info.context == FOR_LOCK and self.quality_fit is None:
            found.pop("quality_fit", None)  # it came after datasets of several translations
        return found


class Retry(Section):
    """The second decode of a segment whose first one came out empty, looped or cut off at the length limit.

    Attributes:
        beam_size: Beams kept by the search.
        repetition_penalty: Above 1 makes repeating tokens less likely.
        no_repeat_ngram: No n-gram of this many tokens twice; 0 allows all.
    """

    beam_size: int = Field(5, ge=1, le=64)
    repetition_penalty: float = Field(1.2, ge=1, le=10)
    no_repeat_ngram: int = Field(4, ge=0, le=64)


class VocabularyText(Section):
    """Where a list of output tokens comes from.

    Attributes:
        text: A text file in the target language, one sentence a line, or one for each language with ``{lang}`` in its
            name; its tokens are kept, and what spells everything else.
    """

    text: RecipePath


class VocabularyLists(Section):
    """Lists of output tokens that ``glotmill vocabulary`` wrote.

    Attributes:
        lists: The file of a list, or one for each language with ``{lang}`` in its name.
    """

    lists: RecipePath


class Renewal(Section):
    """What happens to a list that the memory has.

    Attributes:
        renew: Decide the list again from the samples of this build; later builds then take the new one. Everything
            that the old list translated is translated again.
    """

    renew: bool = False


class VocabularyAuto(Section):
    """``auto``, with more to say.

    Attributes:
        auto: What happens to a list that the memory has.
    """

    auto: Renewal


class Ct2Translate(NBestTranslate):
    """A translation model on CTranslate2.

    Attributes:
        model: A converted CTranslate2 folder (``./``, ``../``, ``~`` or ``/`` in front), or a Hub id.
        revision: Revision of a Hub model; None takes its main branch and records the commit.
        device: ``auto`` is CUDA where there is a GPU, else CPU; which one is recorded.
        compute_type: ``auto`` is int8_float32 on CPU and float16 on CUDA; which one is recorded.
        beam_size: Beams kept by the search; 1 is greedy.
        length_penalty: Exponent of the length normalisation in beam search.
        max_source_tokens: Longest source; a longer one fails with ``source_too_long``.
        max_decoding_tokens: Longest translation; one that reaches it is marked.
        actors_per_gpu: Workers that share one GPU.
        retry: The second decode; null remembers a failure after the first.
        vocabulary: The output tokens: ``full`` has all of the model's, ``script`` those in the target language's
            script, ``auto`` those that a check on samples shows to be enough (``{auto: {renew: true}}`` checks again
            where the memory has such a list), a text those that occur in it, and a list those that it names. Fewer
            tokens decode faster, and other translations may come out.
        max_changed: The share of translations that ``vocabulary: auto`` may change, by its 95 % bound.
    """

    model: ModelName
    revision: str | None = Field(None, min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: ComputeType = "auto"
    beam_size: int = Field(4, ge=1, le=64)
    length_penalty: float = Field(1.0, ge=0, le=10)
    max_source_tokens: int = Field(1024, ge=8, le=4096)
    max_decoding_tokens: int = Field(256, ge=1, le=4096)
    actors_per_gpu: int = Field(1, ge=1, le=16)
    retry: Retry | None = Retry()
    vocabulary: Literal["full", "script", "auto"] | VocabularyAuto | VocabularyText | VocabularyLists = "full"
    max_changed: float = Field(0.005, gt=0, lt=1)

    not_locked: ClassVar[frozenset[str]] = TranslateBase.not_locked | {"device"}

    @property
    def decides_vocabulary(self) -> bool:
        """Whether output vocabularies are decided by a check on samples."""
        return self.vocabulary == "auto" or isinstance(self.vocabulary, VocabularyAuto)

    @property
    def renews_vocabulary(self) -> bool:
        """Whether those that the memory has are decided again."""
        return isinstance(self.vocabulary, VocabularyAuto) and self.vocabulary.auto.renew

    @model_validator(mode="after")
    def _can_have_as_many(self) -> Self:
        if self.hypotheses > self.beam_size:
            msg = f"hypotheses: {self.hypotheses} translations need a beam_size of {self.hypotheses} or more"
            raise ValueError(msg + f", it is {self.beam_size}")
        if self.choose != "score" and self.vocabulary != "full":
            # Each target language has a model of its own then, and every batch would load two.
            msg = f"choose: {self.choose} needs vocabulary: full, as the model that translates scores the way back"
            raise ValueError(msg)
        return self


class LlmRetry(Section):
    """The second decode of an answer that is no translation.

    Attributes:
        temperature: As in `LlmTranslate`; the first decode's settings would give the same again.
        top_p: As there.
        seed: As there.
    """

    temperature: float = Field(0.7, ge=0, le=2)
    top_p: float = Field(0.95, gt=0, le=1)
    seed: int = Field(1, ge=0)


class LlmTranslate(TranslateBase):
    """A large language model that is instructed to translate.

    Attributes:
        model: The model's name: what a server calls it, a folder or a Hub id.
        mode: ``segment`` translates sentence by sentence, as the other engines; ``record`` all texts of a record in
            one request, as JSON, and sentence by sentence where the answer does not fit.
        prompts: What the model is instructed to do: ``builtin``, or a YAML file of the same shape (docs/engines.md).
        temperature: 0 is greedy.
        top_p: Draw among the most probable tokens that together have this probability.
        seed: Of the draws.
        max_tokens: Longest answer; one that reaches it is marked.
        retry: The second decode; null remembers a failure after the first.
        license: License of the model's weights, as a Hub license id; ``auto`` is the Hub's word, else ``other``.
    """

    model: ModelName
    mode: Literal["segment", "record"] = "segment"
    prompts: Literal["builtin"] | RecipePath = "builtin"
    temperature: float = Field(0.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int = Field(0, ge=0)
    max_tokens: int = Field(512, ge=1, le=1_000_000)
    retry: LlmRetry | None = LlmRetry()
    license: str = Field("auto", min_length=1)
    batch_tokens: int = Field(32_768, ge=16, le=1_000_000)

    @model_validator(mode="before")
    @classmethod
    def _one_translation_of_a_text(cls, value: Any) -> Any:
        for key in NBestTranslate.__annotations__:
            if isinstance(value, dict) and key in value:
                msg = f"{key} is for engines that search for several translations, such as nllb and madlad; "
                raise ValueError(msg + "a language model gives one: leave the key out")
        return value


Translate = Annotated[SerializeAsAny[TranslateBase], one_of(TranslateBase)]
LanguageModel = Annotated[SerializeAsAny[LlmTranslate], one_of(LlmTranslate, "a language model: openai or vllm")]


class Routing(Section):
    """Other engines than ``translate``'s for some of the work.

    Attributes:
        languages: Engines by target language: codes or groups such as ``tier:T1`` or ``a & b``; of several keys that
            name a language the first counts.
        second: Asked for what the first engine failed on, there and back.
        back: Translates back; None takes the engine that translated there.
    """

    languages: dict[str, Translate] = Field({})
    second: Translate | None = None
    back: Translate | None = None

    @field_validator("languages")
    @classmethod
    def _known(cls, value: dict[str, Any]) -> dict[str, Any]:
        for names in value:
            try:
                expand([names])
            except InputError as error:
                raise ValueError(str(error)) from None
        return value

    def engine_of(self, lang: str) -> Translate | None:
        """The engine of a target language, where it has one of its own."""
        return next((engine for names, engine in self.languages.items() if lang in expand([names])), None)
