"""A row made out of others, and what makers read of a sample row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glotmill.engine.samples.tasks.contract import DerivationContext, SampleRow
from glotmill.engine.text.fields import answer_texts
from glotmill.engine.text.instructions import with_images
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import derived_id, draw, source_hash
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.sample import IMAGE_MARKER, messages_column
from glotmill.schemas.task import TASKS

# Columns that a derived row does not take over from its parent.
_OWN = (
    "kind", "slots", "turn_plan", "only", "instruction", "langs", "split", "template_id", "source_choices",
    "answer_index", "source_answers", "answer_confidence",
)  # fmt: skip


def derived_row(
    parent: SampleRow, context: DerivationContext[Any], user: str, assistant: str, *, part: str = "", **columns: Any
) -> SampleRow:
    """A derived row: its parent's provenance and images, its own identity, turns and columns.

    Args:
        parent: The row that it is made from.
        context: The derivation.
        user: The question, without image markers; an empty one leaves the question to the template.
        assistant: The reply.
        part: Tells the rows of one parent apart: each has another one.
        columns: Columns of `glotmill.schemas.sample.SAMPLE_SCHEMA`; ``images`` is (image_refs, image_keys), where
            they are not the parent's.

    Raises:
        InputError: The row's task is none of the closed list, or its slot ``answer`` is none of its answers.
    """
    images, keys = columns.pop("images", (parent["image_refs"], parent["image_keys"]))
    turns = (("user", with_images(user, len(images))), ("assistant", assistant))
    row = {
        **parent,
        **dict.fromkeys(_OWN),
        "derived_from": [parent["source_id"]],
        **columns,
        "image_refs": images,
        "image_keys": keys,
        "source_messages": messages_column(turns),
        "source_id": derived_id(parent["source_id"], context.name, part),
    }
    _check(row, context.name)
    ids = [image["image_id"] for image in images]
    hashed = source_hash(turns, row["source_choices"], row["answer_index"], row["source_answers"], ids)
    return {**row, "source_hash": hashed}


def _check(row: SampleRow, name: str) -> None:
    if row["task"] not in TASKS:
        msg = f"derive.{name}: it made a row of task '{row['task']}'; expected one of {', '.join(TASKS)}"
        raise InputError(msg)
    answers = answer_texts(row)
    for held in row["slots"] or ():
        if held["name"] == "answer" and held["text"] not in answers:
            msg = f"derive.{name}: it made a row whose slot 'answer' is not among its source_answers"
            raise InputError(msg)


def slot(name: str, text: str, label: str | None = None) -> dict[str, str | None]:
    """A text that a template's turn is made of, by the slot it stands in, with its label id where it has one."""
    return {"name": name, "text": text, "label": label}


def question_of(row: SampleRow) -> str:
    """The text of a row's first turn, without image markers."""
    return str(row["source_messages"][0]["content"]).replace(IMAGE_MARKER, "").strip()


def is_single(row: SampleRow) -> bool:
    """Whether a row is one question and its reply."""
    return [turn["role"] for turn in row["source_messages"]] == ["user", "assistant"]


def answer_of(row: Mapping[str, Any]) -> str | None:
    """The answer that a row knows beside its turns: its choice, or the first of its answers."""
    if row["source_choices"] and row["answer_index"] is not None:
        return str(row["source_choices"][row["answer_index"]])
    return str(row["source_answers"][0]) if row["source_answers"] else None


def label_of(row: SampleRow) -> str:
    """The label id that a row's reply is."""
    return str(row["source_messages"][-1]["content"]).strip()


def languages_with_label(context: DerivationContext[Any], label: str) -> list[str]:
    """The recipe's languages that have a name for a label."""
    return [code for code in context.languages if label in context.labels.get(code, {})]


def other_languages(context: DerivationContext[Any]) -> list[str]:
    """The recipe's languages but for English."""
    return [code for code in context.languages if code != ENGLISH]


def is_negative(name: str, seed: int, share: float, source_id: str) -> bool:
    """Whether a row is to be one whose answer is no.

    Args:
        name: The derivation's name.
        seed: Its seed.
        share: Share of rows whose answer is no.
        source_id: The parent's id.
    """
    return draw("negative", name, seed, source_id) < share
