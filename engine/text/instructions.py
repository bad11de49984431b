"""Turns that a template makes: which texts they hold, and how they are put together.

Guarantees: each text stands in its own slot and is translated for itself; nothing is joined before an engine sees it
and split afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glotmill.recipes.sections.templates import SLOT
from glotmill.schemas.languages import language
from glotmill.schemas.sample import IMAGE_MARKER
from glotmill.schemas.task import LANGUAGE, OPTIONS

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Slots whose text is not translated as a text: it is decided elsewhere, or made.
DECIDED = frozenset({LANGUAGE, OPTIONS, "answer"})


def slots_in(template: str) -> list[str]:
    """The slots of a template, in order."""
    return SLOT.findall(template)


def render(template: str, values: Mapping[str, str]) -> str:
    """The template with its slots filled; a text's own braces stay as they are."""
    return SLOT.sub(lambda match: values[match.group(1)], template)


def options(choices: list[str]) -> str:
    """The choices as lettered lines."""
    return "\n".join(f"{LETTERS[place]}. {choice}" for place, choice in enumerate(choices))


def with_images(text: str, images: int) -> str:
    """The text after a line for each image."""
    return f"{IMAGE_MARKER}\n" * images + text


def templated_turns(row: Mapping[str, Any], user: str, assistant: str | None) -> list[tuple[str, str]]:
    """The English turns of a sample, the first of each role put into its template where there is one.

    Args:
        row: The sample with its slots; its turns say how many images there are.
        user: The template of the user's turn.
        assistant: That of the assistant's; None leaves the reply as the sample has it.
    """
    values = {str(slot["name"]): str(slot["text"]) for slot in row["slots"]}
    values |= {LANGUAGE: language(row["source_lang"]).name, OPTIONS: options(row["source_choices"] or [])}
    waiting = {"user": user, "assistant": assistant}
    turns = []
    for turn in row["source_messages"]:
        role, content = turn["role"], turn["content"]
        template = waiting.pop(role, None)
        if template is not None:
            content = with_images(render(template, values), content.count(IMAGE_MARKER))
        turns.append((role, content))
    return turns


def template_of(row: Mapping[str, Any], turn: Mapping[str, str]) -> str | None:
    """The template that made a turn of a sample, the first of its role; None where the turn is as the source has it."""
    found = (row.get("instruction") or {}).get(turn["role"])
    if found is None or turn != next(other for other in row["source_messages"] if other["role"] == turn["role"]):
        return None
    return str(found)


def slot_texts(row: Mapping[str, Any], template: str) -> dict[str, str]:
    """The texts of a template that are translated as texts, by slot."""
    given = {slot["name"]: slot["text"] for slot in row["slots"] or () if slot["label"] is None}
    return {name: given[name] for name in slots_in(template) if name in given and name not in DECIDED}


def is_translated(row: Mapping[str, Any], turn: Mapping[str, str]) -> bool:
    """Whether a template's own words go into the turn's language: the reply's always do."""
    return turn["role"] == "assistant" or bool(row["instruction"]["translated"])
