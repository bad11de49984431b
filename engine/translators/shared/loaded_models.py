"""The CTranslate2 model that a worker works with: whole, or with the output tokens of one target language.

Guarantees: one model is loaded at a time, as each has an encoder of its own; what a list lacks is never decoded or
scored as ``<unk>``: a word that would need it is spelled with shorter tokens, or has none.
"""

from __future__ import annotations

import json
from functools import cached_property
from threading import Lock
from typing import Any

import ctranslate2

from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.shared.ct2_weights import cut_files
from glotmill.engine.translators.shared.output_vocabulary import SPACE, OutputVocabulary
from glotmill.schemas.errors import TranslatorError


class LoadedModels:
    """Loads a model when a target language needs it.

    Args:
        spec: The engine; a model is loaded at once, so that one that cannot be loaded is found at the start.

    Raises:
        TranslatorError: The model does not run with the precision that the spec states.
    """

    def __init__(self, spec: TranslatorSpec) -> None:
        if spec.folder is None:
            msg = f"not a spec of a CTranslate2 model: {spec.model}"
            raise TranslatorError(msg)
        self._spec = spec
        self._folder = spec.folder
        self._loading = Lock()  # two batches of a unit may come at once
        self._tokens: dict[str, frozenset[str]] = {}  # by a vocabulary's digest
        self._loaded: tuple[str | None, Any] = self._load(next(iter(spec.vocabularies.values()), None))

    def into(self, lang: str) -> Any:
        """The ``ctranslate2.Translator`` for a target language."""
        vocabulary = self._spec.vocabularies.get(lang)
        with self._loading:
            if self._loaded[0] != (vocabulary.digest if vocabulary else None):
                self._loaded = None, None  # before another one takes its memory
                self._loaded = self._load(vocabulary)
            return self._loaded[1]

    def _load(self, vocabulary: OutputVocabulary | None) -> tuple[str | None, Any]:
        placement = self._spec.placement
        model = ctranslate2.Translator(
            str(self._folder),
            device=placement.device,
            compute_type=placement.compute_type,
            intra_threads=placement.cpus,
            files=cut_files(self._folder, vocabulary.ids) if vocabulary else None,
        )
        if model.compute_type != placement.compute_type:
            msg = (
                f"{self._spec.model} runs as {model.compute_type} on {placement.device}, not as "
                f"{placement.compute_type}: name the first as translate.compute_type"
            )
            raise TranslatorError(msg)
        return (vocabulary.digest if vocabulary else None), model

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each token of the whole model."""
        tokens = json.loads((self._folder / "shared_vocabulary.json").read_text(encoding="utf-8"))
        return {token: number for number, token in enumerate(tokens)}

    def spelled(self, lang: str, words: list[list[str]]) -> list[list[str]] | None:
        """The pieces of words as a target language's tokens can spell them; None where they cannot.

        Args:
            lang: The language.
            words: The pieces of each word.
        """
        vocabulary = self._spec.vocabularies.get(lang)
        if vocabulary is None:
            return words
        known = self._known(vocabulary)
        spelled = [
            [part for piece in word for part in ([piece] if piece in known else _letters(piece))] for word in words
        ]
        return spelled if all(part in known for word in spelled for part in word) else None

    def _known(self, vocabulary: OutputVocabulary) -> frozenset[str]:
        name = vocabulary.digest
        if name not in self._tokens:
            tokens = json.loads((self._folder / "shared_vocabulary.json").read_text(encoding="utf-8"))
            self._tokens[name] = frozenset(tokens[i] for i in vocabulary.ids)
        return self._tokens[name]


def _letters(piece: str) -> list[str]:
    """A piece as one piece for each character, the space before a word by itself."""
    return list(piece) if piece != SPACE else [piece]
