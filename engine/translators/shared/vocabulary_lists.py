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
from typing import Any

import numpy as np
import sentencepiece

from glotmill.engine.memory.vocabularies import FOLDER, MEND, DecidedVocabulary, Vocabularies
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary, needed, of_script, of_text
from glotmill.engine.translators.shared.shipped_vocabularies import shipped_figures, shipped_path
from glotmill.recipes.sections.translate import Ct2Translate, VocabularyLists, VocabularyText
from glotmill.schemas.errors import InputError, shortened
from glotmill.schemas.keys import digest
from glotmill.schemas.languages import language

# Rows into the languages of one list from which on its model is loaded: loading NLLB-600M's shape takes some four CPU
# seconds, and saves a tenth of one or more on each caption (python -m benchmarks.output_vocabulary).
ROWS_THAT_PAY = 200
ROWS_OF_A_TRIAL = 1_000  # a build of fewer rows into a language decides nothing for the builds after it
LANG = "{lang}"  # in a file's name: the target language
LARGEST_TEXT = 1 << 30  # bytes of a text that a list is made from


class ModelTokens:
    """The tokens of a converted model.

    Args:
        folder: The model's files.

    Attributes:
        tokens: All of them, by number.
        numbers: The number of each.
    """

    def __init__(self, folder: Path) -> None:
        self.tokens: list[str] = json.loads((folder / "shared_vocabulary.json").read_text(encoding="utf-8"))
        self._folder = folder
        self.numbers = {token: number for number, token in enumerate(self.tokens)}

    def encoder(self) -> Callable[[list[str]], list[list[int]]]:
        """From lines to the numbers of their tokens; a piece that is no token has none."""
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(self._folder / "sentencepiece.bpe.model"))

        def encode(lines: list[str]) -> list[list[int]]:
            encoded = pieces.encode(lines, out_type=str)
            return [[self.numbers[piece] for piece in line if piece in self.numbers] for line in encoded]

        return encode


@cache
def model_tokens(folder: Path) -> ModelTokens:
    """The tokens of a model, read once."""
    return ModelTokens(folder)


def model_digest(spec: TranslatorSpec) -> str:
    """Identifies a model's files."""
    return digest(spec.identity["checksums"])[:12]


def with_lists(
    spec: TranslatorSpec, rows: Mapping[str, int], kept: Vocabularies, *, decide: bool, renewed: bool = False
) -> TranslatorSpec:
    """An engine with its output vocabularies, as far as they need no translation.

    Args:
        spec: The engine.
        rows: Rows by target language that it is to translate.
        kept: What was decided before.
        decide: Whether what is decided now is kept for later builds.
        renewed: Whether the lists that a recipe has decided again are decided; without, they are left out.

    Raises:
        InputError: A text cannot be read, or what was kept is damaged or of another model.
    """
    section = spec.section
    if not isinstance(section, Ct2Translate) or section.vocabulary == "full" or spec.folder is None:
        return spec
    tokens, origin = model_tokens(spec.folder), section.vocabulary
    if isinstance(origin, VocabularyText):
        return replace(spec, vocabularies={lang: _of_text(tokens, lang, origin.text) for lang in rows})
    if isinstance(origin, VocabularyLists):
        return replace(spec, vocabularies={lang: read_list(tokens, lang, origin.lists) for lang in rows})
    if section.decides_vocabulary:
        pending = section.renews_vocabulary and not renewed
        return replace(spec, vocabularies=_of_auto(spec, rows, kept, pending=pending, decide=decide))
    return replace(spec, vocabularies=_of_scripts(spec, spec.folder, rows, kept, decide=decide))


def listed_facts(spec: TranslatorSpec, kept: Vocabularies) -> dict[str, Any]:
    """What a manifest says of an engine's output vocabularies, by language; nothing where it has all tokens."""
    found: dict[str, Any] = {}
    for lang, vocabulary in spec.vocabularies.items():
        if vocabulary is not None:
            held = kept.find(model_digest(spec), lang, "auto")
            checked = held.figures.get("changed_at_most") if held and held.members == vocabulary.packed else None
            found[lang] = {"tokens": vocabulary.tokens, "of": vocabulary.size, "digest": vocabulary.digest}
            found[lang] |= {} if checked is None else {"changed_at_most": checked}
    return {"vocabularies": found} if found else {}


def _of_auto(
    spec: TranslatorSpec, rows: Mapping[str, int], kept: Vocabularies, *, pending: bool, decide: bool
) -> dict[str, OutputVocabulary | None]:
    """What was decided by `auto`, or ships; a build of few rows takes all tokens and decides nothing.

    Args:
        spec: The engine.
        rows: Rows by target language.
        kept: What was decided before.
        pending: Whether it does not hold for this build, which decides again.
        decide: Whether a list that ships is kept for later builds.
    """
    size = len(model_tokens(spec.folder).tokens) if spec.folder else 0
    found: dict[str, OutputVocabulary | None] = {}
    for lang, count in rows.items():
        held = kept.find(model_digest(spec), lang, "auto")
        if held is None and not pending and count >= ROWS_OF_A_TRIAL:
            held = _shipped(spec, lang)
            held = kept.decide(held) if held and decide else held
        if count < ROWS_OF_A_TRIAL or (held is not None and not pending):
            found[lang] = read_decided(held, size) if held else None
    return found


def _shipped(spec: TranslatorSpec, lang: str) -> DecidedVocabulary | None:
    """The list that ships for a model and language, where its check allows it as a check on samples would."""
    section, model = spec.section, model_digest(spec)
    if not isinstance(section, Ct2Translate) or spec.folder is None:
        return None
    figures = shipped_figures(model, lang, section, spec.placement.compute_type)
    if figures is None or figures["changed_at_most"] > section.max_changed:
        return None
    made = read_list(model_tokens(spec.folder), lang, shipped_path(lang))
    return DecidedVocabulary(
        model=model,
        lang=lang,
        origin="auto",
        size=made.size,
        tokens=made.tokens,
        members=made.packed,
        figures=figures,
    )


def _of_text(tokens: ModelTokens, lang: str, text: Path) -> OutputVocabulary:
    path = Path(str(text).replace(LANG, lang))
    return of_text(tokens.tokens, lang, read_lines(path, "translate.vocabulary.text"), tokens.encoder())


def read_lines(path: Path, where: str) -> list[str]:
    """The lines of a text that have any.

    Args:
        path: The text.
        where: The key or option that names it, for errors.

    Raises:
        InputError: It cannot be read, is too large, or is empty.
    """
    try:
        if path.stat().st_size > LARGEST_TEXT:
            msg = f"{where}: {path}: larger than {LARGEST_TEXT:,} bytes; a sample of the text does as well"
            raise InputError(msg)
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{where}: {path}: cannot be read: {error}; expected text in UTF-8, one sentence a line"
        raise InputError(msg) from None
    if not lines:
        msg = f"{where}: {path}: it has no text; expected one sentence a line"
        raise InputError(msg)
    return lines


def list_lines(tokens: ModelTokens, lang: str, vocabulary: OutputVocabulary) -> list[str]:
    """A list as a file that people can read and compare: a head, then a token a line."""
    head = f"# {vocabulary.tokens} of {vocabulary.size} output tokens for {lang}, by glotmill vocabulary"
    return [head, *(json.dumps(tokens.tokens[number], ensure_ascii=False) for number in vocabulary.ids)]


def read_list(tokens: ModelTokens, lang: str, file: Path) -> OutputVocabulary:
    """The list of a language from a file of `list_lines`.

    Raises:
        InputError: It cannot be read, or names a token that is not the model's.
    """
    path = Path(str(file).replace(LANG, lang))
    where = "translate.vocabulary.lists"
    numbers = []
    for number, line in enumerate(read_lines(path, where), start=1):
        if line.startswith("#"):
            continue
        try:
            numbers.append(tokens.numbers[json.loads(line)])
        except (ValueError, KeyError, TypeError):
            msg = (
                f"{where}: {path}: line {number}: expected a token of this model in double quotes, found "
                f"{shortened(line)}; make the list again with glotmill vocabulary"
            )
            raise InputError(msg) from None
    made = OutputVocabulary.of(np.array(sorted(set(numbers)), np.uint32), len(tokens.tokens))
    lacking = next((token for token in needed(tokens.tokens, lang) if not made.has(tokens.numbers[token])), None)
    if lacking is not None:
        msg = f"{where}: {path}: the token '{lacking}' is missing, without which not everything can be spelled"
        raise InputError(msg)
    return made


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
        held = kept.find(model, lang, "script")
        if held is None and by_script[script] < ROWS_THAT_PAY:
            found[lang] = None  # not kept: more rows may come, and these few are soon translated again
            continue
        if script not in of_scripts:
            of_scripts[script] = of_script(tokens.tokens, lang)
        made = of_scripts[script]
        if held is None and made.tokens == made.size:
            found[lang] = None  # all tokens of the model are of its script
            continue
        if held is None and decide:
            held = kept.decide(_decided(model, lang, made))
        found[lang] = read_decided(held, made.size) if held and held.members != made.packed else made
    return found


def _decided(model: str, lang: str, made: OutputVocabulary) -> DecidedVocabulary:
    return DecidedVocabulary(
        model=model, lang=lang, origin="script", size=made.size, tokens=made.tokens, members=made.packed
    )


def read_decided(held: DecidedVocabulary, size: int) -> OutputVocabulary | None:
    """What a memory's decision means for a model of so many tokens; None for all of them.

    Raises:
        InputError: It is damaged.
    """
    if held.members is None:
        return None
    try:
        return OutputVocabulary.unpacked(held.members, size)
    except (ValueError, zlib.error) as error:
        msg = f"{FOLDER}/{held.model}-{held.lang}-{held.origin}.json of the memory: {error}; {MEND}"
        raise InputError(msg) from None
