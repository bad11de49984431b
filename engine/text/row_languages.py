"""Which language each text of a record is in: its turns, the words and slots of its templates, its answers and options.

Guarantees: a language is named only where all words of the text are in it; a text without words has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glotmill.engine.text.answers import SOURCE
from glotmill.engine.text.fields import answer_texts
from glotmill.engine.text.instructions import slots_in, template_of
from glotmill.engine.text.parts import Part
from glotmill.engine.text.segments import split
from glotmill.schemas.task import LANGUAGE, OPTIONS

Languages = frozenset[str]  # of one text: none where it has no words, several where it is put together from such texts
NO_WORDS: Languages = frozenset()


@dataclass(frozen=True, slots=True)
class TurnLanguages:
    """The languages of one turn.

    Attributes:
        text: Of the whole turn, where no template made it.
        instruction: Of the template's own words.
        slots: Of the text in each slot, in the template's order; None where no template made the turn.
    """

    text: Languages = NO_WORDS
    instruction: Languages = NO_WORDS
    slots: tuple[tuple[str, Languages], ...] | None = None

    @property
    def turn(self) -> str | None:
        """The one language of the turn, as the column ``turn_langs`` has it."""
        own = self.text.union(*(languages for _, languages in self.slots or ()))
        return only(own or self.instruction)


def only(languages: Languages) -> str | None:
    """The language of a text; None where it has no words, or words in several languages."""
    return next(iter(languages)) if len(languages) == 1 else None


def languages_of(text: str, lang: str, source: str) -> Languages:
    """The languages of a text of the source that is in a record in one language.

    Args:
        text: The text as the source has it.
        lang: The language that all of it is in.
        source: The language of the source.
    """
    return frozenset([lang]) if split(text, source).segments else NO_WORDS


def languages_of_part(part: Part, into: str, source: str) -> Languages:
    """The languages of a text that was put into a language: a yes or no that no table has stays in the source's."""
    if into == source:
        return languages_of(part.source, source, source)
    made = frozenset([into]) if part.entries or part.settled - {SOURCE} else NO_WORDS
    return made | {source} if SOURCE in part.settled else made


def templated(
    row: Mapping[str, Any],
    template: str,
    spoken: Languages,
    texts: Mapping[str, Languages],
    into: str,
    answers: Mapping[str, Languages],
) -> TurnLanguages:
    """The languages of a turn that a template made.

    Args:
        row: A row of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
        template: The template as the bank has it.
        spoken: The languages of its own words.
        texts: The languages of the texts that are translated as texts, by slot.
        into: The language of names of things.
        answers: The languages of the row's answers and options.
    """
    given = {slot["name"]: slot["text"] for slot in row["slots"] or ()}

    def of_slot(name: str) -> Languages:
        if name == OPTIONS:
            return NO_WORDS.union(*(answers[text] for text in row["source_choices"] or ()))
        if name == "answer":
            return answers[given[name]]
        return texts[name] if name in texts else languages_of(given[name], into, row["source_lang"])

    slots = tuple((name, of_slot(name)) for name in slots_in(template) if name != LANGUAGE)
    return TurnLanguages(instruction=spoken, slots=slots)


def language_columns(
    row: Mapping[str, Any], turns: Sequence[TurnLanguages], answers: Mapping[str, Languages]
) -> dict[str, Any]:
    """The columns of a record that name languages.

    Args:
        row: A row of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
        turns: The languages of its turns.
        answers: The languages of its answers and options.
    """

    def of_each(name: str) -> list[str | None] | None:
        return None if row[name] is None else [only(answers[text]) for text in row[name]]

    slots = [
        {"turn": number, "slot": name, "lang": only(languages)}
        for number, turn in enumerate(turns)
        for name, languages in turn.slots or ()
    ]
    return {
        "turn_langs": [turn.turn for turn in turns],
        "instruction_langs": [only(turn.instruction) for turn in turns],
        "slot_langs": slots if any(turn.slots is not None for turn in turns) else None,
        "choice_langs": of_each("source_choices"),
        "answer_langs": of_each("source_answers"),
    }


def untranslated_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same columns for a sample that stays as it is.

    Args:
        row: A row of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
    """
    source = row["source_lang"]
    answers = {text: languages_of(text, source, source) for text in answer_texts(row)}
    turns = []
    for turn in row["source_messages"]:
        template = template_of(row, turn)
        if template is None:
            turns.append(TurnLanguages(languages_of(turn["content"], source, source)))
        else:
            turns.append(templated(row, template, languages_of(template, source, source), {}, source, answers))
    return language_columns(row, turns, answers)
