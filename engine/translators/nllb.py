"""NLLB-200 and models of its kind on CTranslate2, with SentencePiece.

Guarantees: source tokens are ``[src] … </s>`` and the target prefix is ``[tgt]``, with codes checked against the
model's vocabulary when it is described (CTranslate2 itself takes an unknown code in silence); nothing is cut
off unseen: a source over the limit fails, a translation at the limit is marked; the device and precision are
those that the spec states, or loading fails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any, Literal

import sentencepiece

from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators.contract import (
    ForcedPair,
    ForcedScore,
    Request,
    Translation,
    TranslatorMember,
    TranslatorSpec,
)
from glotmill.engine.translators.shared.ct2_spec import spec_of
from glotmill.engine.translators.shared.loaded_models import LoadedModels
from glotmill.engine.translators.shared.token_use import TokenUse, token_use
from glotmill.recipes.section import ModelName
from glotmill.recipes.sections.translate import Ct2Translate, Retry
from glotmill.schemas.errors import TranslatorError
from glotmill.schemas.languages import registry


class NllbTranslate(Ct2Translate):
    """NLLB-200 and models like it.

    Attributes:
        model: ``embedded``, or as in `Ct2Translate`.
    """

    engine: Literal["nllb"]
    model: ModelName = "embedded"


END = "</s>"
# Padded target tokens of one forced batch. CTranslate2 makes a table of batch x vocabulary log-probabilities, so
# large batches only wait for memory: 1,014 captions took 4.1 s as one batch, 1.2 s at 2,048 tokens, 0.6 s at 512.
FORCED_TOKENS = 512


def describe(section: NllbTranslate, gpus: int | None = None) -> TranslatorSpec:
    """What can be known of the model without loading it.

    Args:
        section: The recipe's section.
        gpus: GPUs for workers; None counts those of this machine.

    Raises:
        InputError: The model cannot be found, or not be run as the recipe asks.
    """
    return spec_of("nllb", section, gpus, nllb_tokens())


def nllb_tokens() -> dict[str, str]:
    """NLLB-200's language tokens by FLORES-200 code."""
    return {code: entry.nllb_token for code, entry in registry().items() if entry.nllb_token}


class NllbTranslator:
    """A loaded model."""

    overlaps = True  # CTranslate2 lets Python go on, and takes one batch after the other
    _prefixed = 1  # tokens that a translation begins with before the model chooses

    def __init__(self, spec: TranslatorSpec) -> None:
        section = spec.section
        if not isinstance(section, Ct2Translate) or spec.folder is None:
            msg = f"not a spec of a CTranslate2 model: {spec.model}"
            raise TranslatorError(msg)
        self._tokens = self._language_tokens()
        # Left to itself SentencePiece takes all of a machine's cores for each batch, whatever a worker was given.
        self._pieces = sentencepiece.SentencePieceProcessor(
            model_file=str(spec.folder / "sentencepiece.bpe.model"), num_threads=spec.placement.cpus
        )
        self._models = LoadedModels(spec)
        self._spec = spec
        self._section = section
        self.retries = section.retry is not None
        self.choice = spec.choice

    def _language_tokens(self) -> Mapping[str, str]:
        """The model's language tokens by FLORES-200 code."""
        return nllb_tokens()

    def _framed(self, source_lang: str, _target_lang: str, pieces: list[str]) -> list[str]:
        """The source as the model reads it."""
        return [self._tokens[source_lang], *pieces, END]

    def _prefix(self, target_lang: str) -> list[str]:
        """What the translation begins with before the model chooses."""
        return [self._tokens[target_lang]]

    def translate(self, batch: Sequence[Request], *, retry: bool = False) -> list[Translation]:
        """Translate one batch as one batch."""
        encoded: list[list[str]] = self._pieces.encode([r.text for r in batch], out_type=str)
        limit = self._section.max_source_tokens
        fits = [0 < len(pieces) <= limit for pieces in encoded]
        sources = [
            self._framed(request.source_lang, request.target_lang, pieces)
            for request, pieces, ok in zip(batch, encoded, fits, strict=True)
            if ok
        ]
        prefixes = [self._prefix(r.target_lang) for r, ok in zip(batch, fits, strict=True) if ok]
        langs = [request.target_lang for request, ok in zip(batch, fits, strict=True) if ok]
        results = self._decode(langs, sources, prefixes, self._section.retry if retry else None)
        done = iter(self._translations(results, [len(pieces) for pieces, ok in zip(encoded, fits, strict=True) if ok]))
        return [
            next(done)
            if ok
            else Translation(None, "source_too_long" if pieces else "empty_source", source_tokens=len(pieces))
            for pieces, ok in zip(encoded, fits, strict=True)
        ]

    def score(self, pairs: Sequence[ForcedPair]) -> list[ForcedScore | None]:
        """How probable each given translation is, in order; None for an empty or too long one."""
        limit = self._section.max_source_tokens
        sources: list[list[str]] = self._pieces.encode([pair.text for pair in pairs], out_type=str)
        words = self._by_word([pair.translation for pair in pairs])
        # One that the target's tokens cannot spell has no score, as an empty one.
        targets = [self._models.spelled(pair.target_lang, made) or [] for pair, made in zip(pairs, words, strict=True)]
        lengths = [sum(map(len, made)) for made in targets]
        fits = [row for row, source in enumerate(sources) if 0 < len(source) <= limit and 0 < lengths[row] <= limit]
        scored: dict[int, Any] = {}
        for group in self._by_model([pairs[row].target_lang for row in fits]):
            rows = sorted((fits[place] for place in group), key=lambda row: (lengths[row], len(sources[row])))
            results = self._models.into(pairs[rows[0]].target_lang).score_batch(
                [self._framed(pairs[row].source_lang, pairs[row].target_lang, sources[row]) for row in rows],
                [[*self._prefix(pairs[row].target_lang), *chain(*targets[row])] for row in rows],
                max_batch_size=FORCED_TOKENS,
                batch_type="tokens",
                max_input_length=0,
            )
            scored |= zip(rows, results, strict=True)
        scores: list[ForcedScore | None] = [None] * len(pairs)
        for row, result in scored.items():
            # One for each requested token and the end; those of the prefix nobody chose.
            tokens = iter(result.log_probs[self._prefixed :])
            by_word = tuple(sum(islice(tokens, len(word))) for word in targets[row])
            scores[row] = ForcedScore(by_word, next(tokens), lengths[row] + 1)
        return scores

    def used(self, batch: Sequence[Request]) -> list[TokenUse | None]:
        """What the search of each text uses of the output tokens, in order; None for an empty or too long one."""
        limit = self._section.max_source_tokens
        encoded: list[list[str]] = self._pieces.encode([request.text for request in batch], out_type=str)
        fits = [row for row, pieces in enumerate(encoded) if 0 < len(pieces) <= limit]
        uses = token_use(
            self._models.into(batch[0].target_lang),
            [self._framed(batch[row].source_lang, batch[row].target_lang, encoded[row]) for row in fits],
            [self._prefix(batch[row].target_lang) for row in fits],
            self._models.numbers,
            self._search_settings(self._section.beam_size),
            _second(self._section.retry) if self._section.retry else None,
        )
        found = dict(zip(fits, uses, strict=True))
        return [found.get(row) for row in range(len(batch))]

    def _by_word(self, texts: list[str]) -> list[list[list[str]]]:
        """The pieces of each word of some texts, in order.

        Word by word, so that the pieces of each word are known; no piece of such a model spans white space. Each
        different word is cut once, all of them in one call.
        """
        words = [text.split() for text in texts]
        different = list(dict.fromkeys(chain.from_iterable(words)))
        pieces = dict(zip(different, self._pieces.encode(different, out_type=str), strict=True))
        return [[pieces[word] for word in said] for said in words]

    def _by_model(self, langs: list[str]) -> list[list[int]]:
        """The places of target languages that one loaded model serves, in order."""
        prints = {lang: self._spec.fingerprint_into(lang) for lang in dict.fromkeys(langs)}
        groups: dict[str, list[int]] = {}
        for row, lang in enumerate(langs):
            groups.setdefault(prints[lang], []).append(row)
        return list(groups.values())

    def _decode(
        self, langs: list[str], sources: list[list[Any]], prefixes: list[list[Any]], retry: Retry | None
    ) -> list[Any]:
        """The results of some sources, in order; those of one model together."""
        results: list[Any] = [None] * len(sources)
        for group in self._by_model(langs):
            model = self._models.into(langs[group[0]])
            made = self._searched(model, [sources[i] for i in group], [prefixes[i] for i in group], retry)
            for row, result in zip(group, made, strict=True):
                results[row] = result
        return results

    def _searched(
        self, model: Any, sources: list[list[Any]], prefixes: list[list[Any]], retry: Retry | None
    ) -> list[Any]:
        more = _second(retry) if retry else {}
        beam_size = retry.beam_size if retry else self._section.beam_size
        if self.choice is not None:
            more["num_hypotheses"] = min(self.choice.hypotheses, beam_size)
        results: list[Any] = model.translate_batch(
            sources,
            target_prefix=prefixes if self._prefixed else None,
            return_scores=True,
            **{**self._search_settings(beam_size), **more},
        )
        return results

    def _search_settings(self, beam_size: int) -> dict[str, Any]:
        return {
            "max_batch_size": 0,  # the batch is the unit's own: no re-batching here
            "beam_size": beam_size,
            "length_penalty": self._section.length_penalty,
            "max_input_length": 0,  # longer sources have failed already: never cut in silence
            "max_decoding_length": self._section.max_decoding_tokens + self._prefixed,  # which count
            "return_end_token": True,
        }

    def _translations(self, results: list[Any], source_tokens: list[int]) -> list[Translation]:
        """What was decoded, as texts; the texts of a batch are put together in one call."""
        made = [tokens[self._prefixed :] for result in results for tokens in result.hypotheses]
        ended = [bool(tokens) and tokens[-1] == END for tokens in made]
        texts = self._pieces.decode(
            [tokens[:-1] if whole else tokens for tokens, whole in zip(made, ended, strict=True)]
        )
        found = zip(texts, made, ended, strict=True)
        translations = []
        for result, read in zip(results, source_tokens, strict=True):
            first, *others = (
                self._translation(text, score, len(tokens), read, ended=whole)
                for score, (text, tokens, whole) in zip(result.scores, found, strict=False)
            )
            translations.append(replace(first, others=tuple(others)) if others else first)
        return translations

    def _translation(self, text: str, score: float, tokens: int, source_tokens: int, *, ended: bool) -> Translation:
        # CTranslate2 divides the sum by (length with the language token) ** length_penalty.
        total = score * (tokens + self._prefixed) ** self._section.length_penalty
        common = {
            "logprob": total / max(1, tokens),
            "source_tokens": source_tokens,
            "target_tokens": tokens,
            "hit_limit": not ended,
        }
        if not text.strip():
            return Translation(None, "empty_output", **common)
        return Translation(text, **common)


def _second(retry: Retry) -> dict[str, Any]:
    """What the second decode has otherwise."""
    return {
        "beam_size": retry.beam_size,
        "repetition_penalty": retry.repetition_penalty,
        "no_repeat_ngram_size": retry.no_repeat_ngram,
    }


def _languages() -> dict[str, frozenset[str]]:
    vocabulary = set(json.loads((MODEL_DIR / "shared_vocabulary.json").read_text(encoding="utf-8")))
    return {
        "nllb (NLLB-200)": frozenset(nllb_tokens()),
        "nllb (embedded)": frozenset(code for code in registry() if code in vocabulary),
    }


MEMBER = TranslatorMember(
    NllbTranslate,
    describe,
    NllbTranslator,
    _languages,
    row=("NLLB-200 and models like it, on CTranslate2 (weights CC-BY-NC)", "CPU or GPU, in Ray actors"),
)
