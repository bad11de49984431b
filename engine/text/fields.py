"""Walking a record: which of its texts an engine translates.

Guarantees: what `turn_requests` and `answer_requests` ask for is exactly what `glotmill.engine.text.composition` uses;
each different answer or choice of a record is requested once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glotmill.engine.text.answers import SOURCE, AnswerRule, carrier
from glotmill.engine.text.instructions import slot_texts, template_of
from glotmill.engine.text.segments import split
from glotmill.engine.text.template_wording import TurnLangs, with_template
from glotmill.engine.text.yes_no import which
from glotmill.schemas.keys import nfc
from glotmill.schemas.task import ANSWER_TASKS, TASKS


def answer_texts(row: Mapping[str, Any]) -> dict[str, None]:
    """The different answers and choices of a sample, in order."""
    return dict.fromkeys([*(row["source_answers"] or ()), *(row["source_choices"] or ())])


def is_answer(row: Mapping[str, Any], turn: Mapping[str, str]) -> bool:
    """Whether a turn gives one of the sample's answers or choices, in a task whose answers are short."""
    return turn["role"] == "assistant" and row["task"] in ANSWER_TASKS and turn["content"] in answer_texts(row)


def labels_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The label ids of a sample's answers that are names of things."""
    return {
        slot["text"]: slot["label"] for slot in row.get("slots") or () if slot["label"] and slot["name"] == "answer"
    }


def turn_lang(row: Mapping[str, Any], number: int, lang: str) -> str:
    """The language of a turn in a record of the target language ``lang``."""
    planned = row["turn_plan"][number] if row.get("turn_plan") else None
    return lang if planned is None else row["source_lang"] if planned == SOURCE else str(planned)


def turn_texts(row: Mapping[str, Any], turn: Mapping[str, str]) -> list[str]:
    """The texts of a turn that are translated as they stand: all of it, or what a template holds in its slots."""
    template = template_of(row, turn) if row.get("instruction") else None
    if template is not None:
        return list(slot_texts(row, template).values())
    return [] if is_answer(row, turn) else [turn["content"]]


def field_type(row: Mapping[str, Any], number: int) -> str:
    """The kind of text that a turn is to scorers: caption, answer, question, instruction or response."""
    turn = row["source_messages"][number]
    if is_answer(row, turn):
        return "answer"
    if turn["role"] == "assistant":
        return "caption" if TASKS[row["task"]].field == "caption" else "response"
    return "question" if row["task"] in ANSWER_TASKS else "instruction"


def turn_requests(row: Mapping[str, Any]) -> list[str]:
    """The segments of a sample's turns in the target language, answers and templates apart: the same in all."""
    return [
        request
        for number, turn in enumerate(row["source_messages"])
        if not row.get("turn_plan") or row["turn_plan"][number] is None
        for text in turn_texts(row, turn)
        for request in split(text, row["source_lang"]).requests
    ]


def other_requests(row: Mapping[str, Any], lang: str) -> dict[str, list[str]]:
    """The segments of a sample's turns that are in another language than the record, by that language.

    Args:
        row: A row of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
        lang: The record's language.
    """
    found: dict[str, list[str]] = {}
    for number, turn in enumerate(row["source_messages"] if row.get("turn_plan") else ()):
        into = turn_lang(row, number, lang)
        if into not in (row["source_lang"], lang):
            for text in turn_texts(row, turn):
                found.setdefault(into, []).extend(split(text, row["source_lang"]).requests)
    return found


def template_langs(row: Mapping[str, Any], lang: str) -> TurnLangs:
    """The languages of the turns that a template makes, the first of each role, in a record of the language."""
    if not row.get("turn_plan"):
        return lang, lang
    roles = [turn["role"] for turn in row["source_messages"]]
    first = (turn_lang(row, roles.index(role), lang) if role in roles else lang for role in ("user", "assistant"))
    asks, replies = first
    return asks, replies


def as_carried(row: dict[str, Any], lang: str, rule: AnswerRule) -> dict[str, Any] | None:
    """A sample with the template that its record in a language carries.

    Args:
        row: A row of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
        lang: The record's language.
        rule: Which templates were accepted.

    Returns:
        The row itself where it has none or carries the one that was drawn for it; None where that was refused and
        nothing can stand in.
    """
    if rule.instructions is None or not row.get("instruction") or lang == row["source_lang"]:
        return row
    carried = rule.instructions.carried(row, template_langs(row, lang))
    if carried is None:
        return None
    same = carried.template.name == row["template_id"] and carried.translated == row["instruction"]["translated"]
    return row if same else with_template(row, carried)


def answer_requests(row: Mapping[str, Any], lang: str, rule: AnswerRule) -> tuple[list[str], list[str]]:
    """(segments of answers and choices, carriers) that a sample needs in one language, each answer once."""
    policy = rule.policy(row, lang)
    if policy != "target":
        return [], []
    named = labels_of(row)
    unknown = [
        a for a in answer_texts(row) if a not in named and rule.known(a, lang, policy) is None and rule.is_asked(a)
    ]
    bare = [request for answer in unknown for request in split(answer, row["source_lang"]).requests]
    if not rule.section.context:
        return bare, []
    question = only_question(row)
    worded = [answer for answer in unknown if split(answer, row["source_lang"]).requests]
    carriers = [carrier(question, answer) for answer in worded] if question else []
    return bare, [nfc(text) for text in carriers if text is not None]


def only_question(row: Mapping[str, Any]) -> str | None:
    """The request of a sample's only question; None where its user turn is more than one sentence."""
    turns = [text for turn in row["source_messages"] if turn["role"] == "user" for text in turn_texts(row, turn)]
    segments = [segment for turn in turns for segment in split(turn, row["source_lang"]).segments]
    return segments[0] if len(segments) == 1 and which(segments[0]) is None else None
