"""A whole record as one request: all its texts as a JSON object, and what of an answer fits it.

Guarantees: the texts are those that the record is composed of, each different one once, protected spans cut out of
them as everywhere; an answer fits when it is an object with exactly the request's keys, each a text, and different
choices stay different. What does not fit is named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.fields import answer_requests, answer_texts, other_requests, turn_lang, turn_texts
from glotmill.engine.text.instructions import is_translated, template_of
from glotmill.engine.text.segments import CACHE_SIZE, split
from glotmill.engine.text.yes_no import which
from glotmill.schemas.errors import RowError
from glotmill.schemas.keys import nfc
from glotmill.schemas.sample_checks import check_text

# A request that is a record begins with the record separator of JSON text sequences (RFC 7464). No segment does: it
# is white space, which stands outside of segments.
SEPARATOR = "\x1e"
CHOICE = "choice"


def is_record(request: str) -> bool:
    """Whether a request is a whole record."""
    return request.startswith(SEPARATOR)


def record_request(row: Mapping[str, Any], lang: str, rule: AnswerRule) -> str | None:
    """The request of a record in one language: keys such as ``user_1.2`` (turn, sentence) and ``choice_1``.

    A bare yes or no of a turn stands in it, for what the others mean; what is answered for it is not used.

    Args:
        row: A row of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
        lang: The record's language.
        rule: How answers are treated.

    Returns:
        The request; None for a record with fewer than two texts, or with turns in several languages.
    """
    source = row["source_lang"]
    instructions = _instructions(row, lang, rule)
    if other_requests(row, lang) or set(instructions) - {lang}:
        return None
    items: dict[str, str] = {}
    for number, turn in enumerate(row["source_messages"]):
        if turn_lang(row, number, lang) == lang:
            texts = [segment for text in turn_texts(row, turn) for segment in split(text, source).segments]
            items |= {f"{turn['role']}_{number + 1}.{place}": text for place, text in enumerate(texts, 1)}
    for place, text in enumerate(instructions.get(lang, ()), 1):
        items[f"instruction_{place}"] = text
    requested = set(answer_requests(row, lang, without_context(rule))[0])
    choices = set(row["source_choices"] or ())
    for place, answer in enumerate(answer_texts(row), 1):
        for part, request in enumerate(split(answer, source).requests, 1):
            if request in requested:
                items[f"{CHOICE if answer in choices else 'answer'}_{place}.{part}"] = request
    different = {text: key for key, text in reversed(items.items())}
    if len(different) < 2 or all(which(text) for text in different):
        return None
    kept = {key: text for key, text in items.items() if different[text] == key}
    return SEPARATOR + nfc(json.dumps(kept, ensure_ascii=False))


def _instructions(row: Mapping[str, Any], lang: str, rule: AnswerRule) -> dict[str, list[str]]:
    """The segments of the drawn template's words, by the language that they go into.

    They stand in the request although the record carries the template's accepted words: requests are the memory's keys,
    and those of earlier versions hold them.
    """
    found: dict[str, list[str]] = {}
    for number, turn in enumerate(row["source_messages"] if row.get("instruction") else ()):
        into, template = turn_lang(row, number, lang), template_of(row, turn)
        if template is None or into == row["source_lang"] or not is_translated(row, turn):
            continue
        if rule.instructions is None or not rule.instructions.is_reviewed(row["template_id"], turn["role"], into):
            found.setdefault(into, []).extend(split(template, row["source_lang"]).requests)
    return found


def without_context(rule: AnswerRule) -> AnswerRule:
    """The rule for a record whose answers are translated beside their question anyway."""
    return replace(rule, section=rule.section.model_copy(update={"context": False}))


@lru_cache(maxsize=CACHE_SIZE)
def _items(request: str) -> tuple[tuple[str, str], ...]:
    return tuple(json.loads(request.removeprefix(SEPARATOR)).items())


def items_of(request: str) -> dict[str, str]:
    """The texts of a record's request, by key."""
    return dict(_items(request))


def schema_of(request: str) -> dict[str, Any]:
    """The JSON schema that an answer to the request has."""
    keys = [key for key, _ in _items(request)]
    return {
        "type": "object",
        "properties": {key: {"type": "string"} for key in keys},
        "required": keys,
        "additionalProperties": False,
    }


def read_answer(request: str, answer: str) -> dict[str, str] | str:
    """The translations of an answer by key, or the reason why it does not fit the request."""
    text = answer.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text.strip("`").removeprefix("json")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return "broken_json"
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        return "broken_json"
    try:
        for value in found.values():
            check_text(value)
    except RowError as error:  # an escape that names what no table can hold
        return error.reason
    requested = items_of(request)
    differing = set(found) ^ set(requested)
    if differing:
        return "choice_count" if all(key.startswith(CHOICE) for key in differing) else "field_count"
    given = {key: nfc(found[key]) for key in requested}
    choices = [text.casefold().strip() for key, text in given.items() if key.startswith(CHOICE)]
    sources = {text.casefold() for key, text in requested.items() if key.startswith(CHOICE)}
    return given if len(set(choices)) >= len(sources) else "choices_collide"
