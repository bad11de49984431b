"""Short answers and options: what they become, and from where.

Guarantees: an answer is translated once for a record and is the same text wherever it stands in it; yes and no
come from a fixed table, never from a model; under policy ``source`` an answer stays English unless the recipe's own
table has it; which way an answer went is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import regex

from glotmill.engine.embedded import ANSWERS
from glotmill.engine.text.segments import split
from glotmill.engine.text.sentences import sentences
from glotmill.engine.text.template_wording import InstructionRule
from glotmill.engine.text.yes_no import reworded, which, yes_no
from glotmill.recipes.model import Answers
from glotmill.schemas.errors import InputError
from glotmill.schemas.given_files import given_table
from glotmill.schemas.keys import draw
from glotmill.schemas.languages import ENGLISH, language
from glotmill.schemas.task import TASKS

# Answers of up to so many words are put into their question's context where the recipe asks for it.
CONTEXT_WORDS = 3

# German and Luxembourgish write nouns with a capital, so a capital there says nothing of the sentence's start.
_NOUN_CAPITALS = frozenset({"deu_Latn", "ltz_Latn"})
_END = regex.compile(r"[\s.!?…。！？।॥۔።။؟]+$")

SOURCE = "source"  # in a turn plan: the turn stays in the source's language

Policy = Literal["source", "target", "kept"]
LabelTable = dict[str, dict[str, str]]  # language -> label id -> name
AnswerTable = dict[str, dict[str, str]]  # language -> English answer in lower case -> translation
# `in_context_as_bare` is an answer whose translation in context is its bare one; `set_apart` one that stays English, as
# the dictionary's word for it is another language's.
Origin = Literal[
    "label", "table", "yes_no_table", "dictionary", "set_apart", "copied", "source", "bare", "in_context",
    "in_context_as_bare",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """How answers are treated: the recipe's ``answers`` section with what is known beforehand.

    Attributes:
        section: The section.
        table: Answers known beforehand.
        labels: Names of things by language and label id.
        instructions: The templates around the samples, in all languages; None where there are none.
        frequent: The answers that the section's dictionary holds; filled once the samples are known.
        apart: By language, those of them that it has no word of its own for (`glotmill.engine.text.dictionary`); filled
            once they are translated.
    """

    section: Answers
    table: AnswerTable
    labels: LabelTable = field(default_factory=dict)
    instructions: InstructionRule | None = None
    frequent: frozenset[str] = frozenset()
    apart: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def needs_back_translation(self) -> bool:
        """Whether answers are decided on by their back-translation."""
        return self.section.dictionary is not None

    def is_asked(self, answer: str) -> bool:
        """Whether the words of an answer that no table has are put to the engine, and not left English."""
        return self.section.dictionary is None or answer in self.frequent

    def policy(self, row: Mapping[str, Any], lang: str) -> Policy:
        """Whether a sample's answers are in the source's or the target's language.

        ``kept`` is ``source`` without a look into any table: the sample's reply stays in its own language.

        Args:
            row: A row of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
            lang: The target language.
        """
        if (row.get("turn_plan") or [None])[-1] == SOURCE:
            return "kept"
        match self.section.policy:
            case "coin" if TASKS[row["task"]].reply == "table":  # there is nothing to spare
                return "target"
            case "coin":
                drawn = draw(self.section.seed, row["source_id"], lang)
                return "target" if drawn < self.section.target_share else "source"
            case "keep_if_ocr":
                return "source" if TASKS[row["task"]].reply == "printed" else "target"
            case policy:
                return policy

    def known(self, answer: str, lang: str, policy: str) -> tuple[str, Origin] | None:
        """The answer in the language, where a table has it: the recipe's own first, then yes and no."""
        if policy == "kept":
            return None
        found = _look_up(self.table.get(lang, {}), answer)
        if found is not None:
            return found, "table"
        cut = split(answer, ENGLISH)
        if cut.requests or not cut.has_yes_no:
            return None
        texts = [piece.text for piece in cut.pieces if piece.kind == "yes_no"]
        made = {text: word for text in texts if (word := self.yes_no(text, lang, policy)) is not None}
        if len(made) < len(set(texts)):
            return None
        origins = {origin for _, origin in made.values()}
        return cut.join(str, lambda text: made[text][0]), "yes_no_table" if "yes_no_table" in origins else "table"

    def yes_no(self, text: str, lang: str, policy: str = "target") -> tuple[str, Origin] | None:
        """A bare yes or no in the language: the word of the recipe's own table, else under ``target`` the fixed one.

        None where no table has it.
        """
        key = which(text) or ""
        own = self.table.get(lang, {}).get(key)
        if own is not None:
            return reworded(text, own), "table"
        word = yes_no().get(lang, {}).get(key) if policy == "target" else None
        return None if word is None else (reworded(text, word), "yes_no_table")


def _look_up(table: Mapping[str, str], answer: str) -> str | None:
    """The table's word, with the answer's capital and its final mark."""
    if not table:
        return None
    tail = ""
    found = table.get(answer.casefold())
    if found is None and not answer[-1:].isalnum():
        core = _END.sub("", answer)
        found, tail = table.get(core.casefold()), answer[len(core) :]
    if found is None:
        return None
    return (found[0].upper() + found[1:] if answer[0].isupper() else found) + tail


def load_answers(table: str | Path | None) -> AnswerTable:
    """The table of a recipe's ``answers.table``.

    Raises:
        InputError: The file is missing or not a table of answers.
    """
    if table is None:
        return {}
    path = ANSWERS if table == "embedded" else Path(table)
    expected = "a TSV file with a header of FLORES-200 codes"
    rows = given_table("answers.table", path, expected, comments=False)  # an answer may begin with #
    header = rows[0] if rows else []
    if len(header) < 2 or header[0] != ENGLISH or len(set(header)) < len(header):
        msg = f"answers.table: {path}: expected a header of {ENGLISH} and other FLORES-200 codes, each once"
        raise InputError(msg)
    codes = [language(code).code for code in header]
    known: AnswerTable = {code: {} for code in codes[1:]}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(codes) or not all(cell.strip() for cell in row):
            msg = f"answers.table: {path}, line {number}: expected {len(codes)} cells with text, found {row!r}"
            raise InputError(msg)
        english = row[0].casefold()
        if english in known[codes[1]]:
            msg = f"answers.table: {path}, line {number}: '{row[0]}' appears twice"
            raise InputError(msg)
        for code, cell in zip(codes[1:], row[1:], strict=True):
            known[code][english] = cell
    return known


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are the same but for letter case and closing marks."""
    return bare(one) == bare(other)


def is_returned(answer: str, word: str, back: str) -> bool:
    """Whether a translation's back-translation gives the answer again, and the translation is another word."""
    return same_answer(back, answer) and not same_answer(word, answer)


def bare(answer: str) -> str:
    """An answer without letter case and closing marks."""
    return without_end(answer).casefold()


def without_end(answer: str) -> str:
    """An answer without closing marks."""
    return str(_END.sub("", answer.strip()))


def carrier(question: str, answer: str) -> str | None:
    """The two sentences in which a short answer is shown to the engine: its question, then the answer.

    Returns:
        None where there is no carrier for it: a long answer, or a question that is not one sentence.
    """
    core = _END.sub("", answer.strip())
    if not question.endswith("?") or not 1 <= len(core.split()) <= CONTEXT_WORDS:
        return None
    return f"{question} {core[0].upper()}{core[1:]}."


def recover(translated: str, question: str, answer: str, lang: str) -> str | None:
    """The answer out of a translated carrier.

    Args:
        translated: The carrier's translation.
        question: The question's own translation.
        answer: The English answer, for its case.
        lang: Language of the translation.

    Returns:
        None unless exactly two sentences came back and the first is the question's own translation.
    """
    parts = [part.strip() for part in sentences(translated, lang)]
    if len(parts) != 2 or parts[0] != question.strip():
        return None
    found = str(_END.sub("", parts[1]))
    if not found:
        return None
    if answer[0].islower() and lang not in _NOUN_CAPITALS:
        found = found[0].lower() + found[1:]
    return found
