"""Which output tokens the target languages of an engine use, as far as no translation has to be looked at.

Guarantees: a list follows from the model's bytes, the language and a text; what follows from a build's rows is decided
once for a memory and holds for every later build (`glotmill.engine.memory.vocabularies`).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import sentencepiece

from glotmill.engine.memory.vocabularies import FOLDER, MEND, DecidedVocabulary, Vocabularies
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary, of_script, of_text
from glotmill.recipes.sections.translate import Ct2Translate, VocabularyText
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import digest
from glotmill.schemas.languages import language

# Rows into the languages of one list from which on its model is loaded: loading NLLB-600M's shape takes some four CPU
# seconds, and saves a tenth of one or more on each caption (python -m benchmarks.output_vocabulary).
ROWS_THAT_PAY = 200
LARGEST_TEXT = 1 << 30  # bytes of a text that a list is made from


class ModelTokens:
    """The tokens of a converted model.

    Args:
        folder: The model's files.

    Attributes:
        tokens: All of them, by number.
    """

    def __init__(self, folder: Path) -> None:
        self.tokens: list[str] = json.loads((folder / "shared_vocabulary.json").read_text(encoding="utf-8"))
        self._folder = folder
        self._numbers = {token: number for number, token in enumerate(self.tokens)}

    def encoder(self) -> Callable[[list[str]], list[list[int]]]:
        """From lines to the numbers of their tokens; a piece that is no token has none."""
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(self._folder / "sentencepiece.bpe.model"))

        def encode(lines: list[str]) -> list[list[int]]:
            encoded = pieces.encode(lines, out_type=str)
            return [[self._numbers[piece] for piece in line if piece in self._numbers] for line in encoded]

        return encode


@cache
def model_tokens(folder: Path) -> ModelTokens:
    """The tokens of a model, read once."""
    return ModelTokens(folder)


def model_digest(spec: TranslatorSpec) -> str:
    """Identifies a model's files."""
    return digest(spec.identity["checksums"])[:12]


def with_lists(spec: TranslatorSpec, rows: Mapping[str, int], kept: Vocabularies, *, decide: bool) -> TranslatorSpec:
    """An engine with its output vocabularies, as far as they need no translation.

    Args:
        spec: The engine.
        rows: Rows by target language that it is to translate.
        kept: What was decided before.
        decide: Whether what is decided now is kept for later builds.

    Raises:
        InputError: A text cannot be read, or what was kept is damaged or of another model.
    """
    section = spec.section
    if not isinstance(section, Ct2Translate) or section.vocabulary == "full" or spec.folder is None:
        return spec
    if isinstance(section.vocabulary, VocabularyText):
        made: dict[str, OutputVocabulary | None] = {
            lang: _of_text(spec.folder, lang, section.vocabulary.text) for lang in rows
        }
        return replace(spec, vocabularies=made)
    if section.vocabulary == "auto":
        decided = {lang: kept.find(model_digest(spec), lang, "auto") for lang in rows}
        return replace(spec, vocabularies={lang: read_decided(held) for lang, held in decided.items() if held})
    return replace(spec, vocabularies=_of_scripts(spec, spec.folder, rows, kept, decide=decide))


def _of_text(folder: Path, lang: str, text: Path) -> OutputVocabulary:
    path = Path(str(text).replace("{lang}", lang))
    where = f"translate.vocabulary.text: {path}"
    try:
        if path.stat().st_size > LARGEST_TEXT:
            msg = f"{where}: larger than {LARGEST_TEXT:,} bytes; a sample of the text does as well"
            raise InputError(msg)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{where}: cannot be read: {error}; expected text in UTF-8, one sentence a line"
        raise InputError(msg) from None
    if not any(line.strip() for line in lines):
        msg = f"{where}: it has no text; expected one sentence a line in {lang}"
        raise InputError(msg)
    tokens = model_tokens(folder)
    return of_text(tokens.tokens, lang, lines, tokens.encoder())


def _of_scripts(
    spec: TranslatorSpec, folder: Path, rows: Mapping[str, int], kept: Vocabularies, *, decide: bool
) -> dict[str, OutputVocabulary | None]:
    """The list of each language's script; None where the rows of the script's languages do not pay for it."""
    tokens, model = model_tokens(folder), model_digest(spec)
    of_scripts: dict[str, OutputVocabulary] = {}
    by_script: dict[str, int] = {}
    for lang, count in rows.items():
        script = language(lang).script
        by_script[script] = by_script.get(script, 0) + count
    found: dict[str, OutputVocabulary | None] = {}
    for lang in rows:
        script = language(lang).script
        if script not in of_scripts:
            of_scripts[script] = of_script(tokens.tokens, lang)
        made = _decided(model, lang, of_scripts[script], by_script[script])
        held = kept.decide(made) if decide else kept.find(model, lang, "script") or made
        found[lang] = of_scripts[script] if held == made and made.members else read_decided(held)
    return found


def _decided(model: str, lang: str, vocabulary: OutputVocabulary, rows: int) -> DecidedVocabulary:
    why = None
    if rows < ROWS_THAT_PAY:
        why = f"{rows} rows in its script; from {ROWS_THAT_PAY} on a model of their own pays"
    elif vocabulary.tokens == vocabulary.size:
        why = "all tokens of the model are of its script"
    return DecidedVocabulary(
        model=model,
        lang=lang,
        origin="script",
        size=vocabulary.size,
        tokens=vocabulary.size if why else vocabulary.tokens,
        members=None if why else vocabulary.packed,
        why=why,
    )


def read_decided(held: DecidedVocabulary) -> OutputVocabulary | None:
    """What a memory's decision means; None for all tokens.

    Raises:
        InputError: It is damaged.
    """
    if held.members is None:
        return None
    try:
        return OutputVocabulary.unpacked(held.members, held.size)
    except (ValueError, zlib.error) as error:
        msg = f"{FOLDER}/{held.model}-{held.lang}-{held.origin}.json of the memory: {error}; {MEND}"
        raise InputError(msg) from None
