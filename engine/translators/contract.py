"""The contract of a translation engine.

An engine is described by a `TranslatorSpec` (plain data: what the driver knows, what workers are given, what the
manifest records) and, loaded in a worker, is a `Translator`. It gives one result for each request, in order: a
text or a named failure. An exception means that the engine broke, never that a text was hard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable

from glotmill.engine.llm.contract import ChatModel
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary
from glotmill.recipes.sections.translate import TranslateBase
from glotmill.schemas.keys import digest

if TYPE_CHECKING:
    from glotmill.engine.translators.shared.choose import Choice
    from glotmill.engine.translators.shared.token_use import TokenUse

S = TypeVar("S", bound=TranslateBase)
VOCABULARY = "vocabulary"  # the key of `TranslatorSpec.identity`: where lists come from, or the digest of one
SERVER_DEVICE = "server"  # the device of an engine that computes nothing here
# The four classes of one text each are not frozen, though nobody changes them: to make a frozen one takes four times as
# long, and there is one for each text of a build.


@dataclass(slots=True)
class Request:
    """One text to translate between two FLORES-200 languages."""

    source_lang: str
    target_lang: str
    text: str


@dataclass(slots=True)
class Translation:
    """The result of one request.

    Attributes:
        text: The translation, or None where it failed.
        failure: Reason code of a failure that is the text's own, such as ``source_too_long``.
        logprob: Mean natural log-probability of a target token, end token included.
        source_tokens: Tokens of the text, without language and end tokens.
        target_tokens: Tokens of the translation, end token included.
        hit_limit: The decoder stopped at its length limit.
        detail: What happened where it failed, for people.
        requests: Requests to a server that it took, repeated ones included.
        prompt_tokens: Tokens that a language model read for it, instructions included, as it counts them.
        completion_tokens: Tokens that it wrote.
        others: Other translations of the text, in the engine's order; of an engine that has a `Choice` alone.
        reverse: Mean natural log-probability of a token of the text, given the translation; None where not scored.
        place: The translation's place among those of the engine, from 0; None where it gave only one.
    """

    text: str | None
    failure: str | None = None
    logprob: float | None = None
    source_tokens: int | None = None
    target_tokens: int | None = None
    hit_limit: bool = False
    detail: str | None = None
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    others: tuple[Translation, ...] = ()
    reverse: float | None = None
    place: int | None = None


@dataclass(slots=True)
class ForcedPair:
    """A text and the translation whose probability is requested, between two FLORES-200 languages."""

    source_lang: str
    target_lang: str
    text: str
    translation: str


@dataclass(slots=True)
class ForcedScore:
    """How probable a given translation is to an engine.

    Attributes:
        words: Natural log-probability of each word of the translation, words as white space parts them.
        end: That of the end after the last word.
        tokens: Tokens of the translation, end token included.
    """

    words: tuple[float, ...]
    end: float
    tokens: int

    @property
    def logprob(self) -> float:
        """Mean natural log-probability of a token, end token included."""
        return (sum(self.words) + self.end) / self.tokens


class Translator(Protocol):
    """A loaded engine.

    Attributes:
        retries: Whether it has other settings for a second decode.

    An engine with a true attribute ``overlaps`` is given a second batch by another thread while it computes the first,
    so that it need not wait for Python; each must be computed by itself. One with an attribute ``choice``
    (`glotmill.engine.translators.shared.choose.Choice`) gives several translations of a text, of which one is chosen.
    """

    retries: bool

    def translate(self, batch: Sequence[Request], *, retry: bool = False) -> list[Translation]:
        """Translate one batch as one batch: its composition is recorded and never changed.

        Args:
            batch: What to translate.
            retry: Use the settings of the second decode.

        Raises:
            TranslatorError: The engine broke.
        """

    def score(self, pairs: Sequence[ForcedPair]) -> list[ForcedScore | None]:
        """How probable each given translation is, in order; None for an empty or too long one.

        Asked only of engines whose `TranslatorSpec` says that they score.

        The pairs are cut into batches of like length here: the same pairs together give the same scores.

        Raises:
            TranslatorError: The engine broke.
        """


@runtime_checkable
class ShowsTokens(Protocol):
    """A loaded engine that says which output tokens it uses; with all its tokens alone."""

    def used(self, batch: Sequence[Request]) -> list[TokenUse | None]:
        """What the search of each text uses, in order; None for an empty or too long one.

        Raises:
            TranslatorError: The engine broke.
        """


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one worker runs.

    Attributes:
        device: ``cpu``, ``cuda``, or ``server`` where nothing is computed here.
        compute_type: The precision that the engine really uses there.
        cpus: CPU cores of one worker.
        gpus: Share of a GPU of one worker.
    """

    device: str
    compute_type: str
    cpus: int
    gpus: float


@dataclass(frozen=True, slots=True)
class TranslatorSpec:
    """What is known of an engine before it is loaded.

    Attributes:
        engine: Name of the engine, as in the recipe.
        model: Public name of the model with its revision or checksum.
        license: License of the model's weights, as a Hub license id.
        languages: FLORES-200 codes it translates from and to.
        identity: Everything that decides a translation; hashed into the fingerprint and shown in the manifest.
        section: The recipe's section.
        placement: Where a worker runs.
        folder: The model's files, where it has any.
        scores: Whether the engine has forced scores.
        vocabularies: The output tokens by target language, once decided; None for all of the model's. A language that
            is missing has all of them too, or is undecided where ``identity`` names an origin of vocabularies.
        choice: How a text is chosen among several translations; None of an engine that gives one.
    """

    engine: str
    model: str
    license: str
    languages: frozenset[str]
    identity: dict[str, Any]
    section: TranslateBase
    placement: Placement
    folder: Path | None = None
    scores: bool = False
    vocabularies: Mapping[str, OutputVocabulary | None] = field(default_factory=dict)
    choice: Choice | None = None
    _digests: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def fingerprint(self) -> str:
        """Identifies the engine; for a target language `fingerprint_into` says more."""
        return self._digest_of("", self.identity)

    def fingerprint_into(self, lang: str) -> str:
        """What memory keys hold: equal fingerprints give equal translations into a target language.

        Where a language has all tokens, it is that of the engine without a word about vocabularies.
        """
        if lang not in self.vocabularies:
            return self.fingerprint
        rest = {key: value for key, value in self.identity.items() if key != VOCABULARY}
        kept = self.vocabularies[lang]
        return self._digest_of(lang, {**rest, VOCABULARY: kept.digest} if kept else rest)

    def _digest_of(self, name: str, identity: dict[str, Any]) -> str:
        """The digest of an identity, which is computed once: phases and batches need it often."""
        if name not in self._digests:
            self._digests[name] = digest(identity)
        return self._digests[name]

    @property
    def worker_fingerprint(self) -> str:
        """Identifies what a worker of the engine loads: the engine with all its output vocabularies."""
        lists = {lang: kept.digest if kept else None for lang, kept in self.vocabularies.items()}
        return digest([self.fingerprint, lists]) if lists else self.fingerprint


@dataclass(frozen=True, slots=True)
class TranslatorMember(Generic[S]):
    """An engine as a member of the family: what a module of ours calls ``MEMBER``, or an entry point leads to.

    Attributes:
        section: What a recipe states, with ``engine: Literal["<name>"]``.
        describe: The spec of a section, without loading anything; given the GPUs for workers, or None to count those
            of this machine. Raises `InputError` where the engine or its model cannot be had as the recipe asks.
        load: The engine of a spec, in the process that will use it. Raises `TranslatorError`.
        languages: FLORES-200 codes that it translates into, by the name of the models; for messages.
        chat: The chat model of a spec, where the engine has one that other work may use, such as ``score.llm_judge``.
        row: For a member of ours its row in docs/engines.md: what it is, and where it runs.
    """

    section: type[S]
    describe: Callable[[S, int | None], TranslatorSpec]
    load: Callable[[TranslatorSpec], Translator]
    languages: Callable[[], Mapping[str, frozenset[str]]]
    chat: Callable[[TranslatorSpec], ChatModel] | None = None
    row: tuple[str, ...] = ()
