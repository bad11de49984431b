"""Walking a record: which of its texts an engine is asked for.

Guarantees: what `turn_requests` and `answer_requests` ask for is exactly what `engine.text.composition` uses; each
different answer or choice of a record is asked for once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.text.answers import ANSWER_TASKS, AnswerRule, carrier, is_yes_no
from engine.text.segments import split
from schemas.keys import nfc


def answer_texts(row: Mapping[str, Any]) -> dict[str, None]:
    """The different answers and choices of a sample, in order."""
    return dict.fromkeys([*(row["source_answers"] or ()), *(row["source_choices"] or ())])


def is_answer(row: Mapping[str, Any], turn: Mapping[str, str]) -> bool:
    """Whether a turn gives one of the sample's answers or choices, in a task whose answers are short."""
    return turn["role"] == "assistant" and row["task"] in ANSWER_TASKS and turn["content"] in answer_texts(row)


def field_type(row: Mapping[str, Any], number: int) -> str:
    """The kind of text that a turn is to scorers: caption, answer, question, instruction or response."""
    turn = row["source_messages"][number]
    if is_answer(row, turn):
        return "answer"
    if turn["role"] == "assistant":
        return "caption" if row["task"] == "caption" else "response"
    return "question" if row["task"] in ANSWER_TASKS else "instruction"


def turn_requests(row: Mapping[str, Any]) -> list[str]:
    """The segments of a sample's turns, answers apart: the same in every language."""
    return [
        request
        for turn in row["source_messages"]
        if not is_answer(row, turn)
        for request in split(turn["content"], row["source_lang"]).requests
    ]


def answer_requests(row: Mapping[str, Any], lang: str, rule: AnswerRule) -> tuple[list[str], list[str]]:
    """(segments of answers and choices, carriers) that a sample needs in one language, each answer once."""
    policy = rule.policy(row, lang)
    if policy == "source":
        return [], []
    unknown = [a for a in answer_texts(row) if rule.known(a, lang, policy) is None and not is_yes_no(a)]
    bare = [request for answer in unknown for request in split(answer, row["source_lang"]).requests]
    if not rule.section.context:
        return bare, []
    question = only_question(row)
    worded = [answer for answer in unknown if split(answer, row["source_lang"]).requests]
    carriers = [carrier(question, answer) for answer in worded] if question else []
    return bare, [nfc(text) for text in carriers if text is not None]


def only_question(row: Mapping[str, Any]) -> str | None:
    """The request of a sample's only question; None where its user turn is more than one sentence."""
    turns = [turn["content"] for turn in row["source_messages"] if turn["role"] == "user"]
    asked = [request for turn in turns for request in split(turn, row["source_lang"]).requests]
    return asked[0] if len(asked) == 1 else None
