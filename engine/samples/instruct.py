"""Instruct: puts a template around the rows that one fits, drawn by seed and recorded in the row.

Guarantees: the same sample gets the same template in every language and in every build with the same seed and bank;
a row that no template fits stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from glotmill.engine.samples.sample_files import rewrite
from glotmill.engine.samples.tasks.shared.derived_rows import answer_of, is_single, question_of
from glotmill.engine.text.instructions import LETTERS, templated_turns
from glotmill.engine.text.template_wording import InstructionRule
from glotmill.recipes.sections.templates import Bank
from glotmill.schemas.keys import source_hash
from glotmill.schemas.sample import IMAGE_MARKER, SAMPLE_SCHEMA, messages_column
from glotmill.schemas.task import CROSS_LINGUAL, TASKS


def instruct_samples(files: Sequence[Path], rule: InstructionRule, advance: Callable[[int], None]) -> dict[str, int]:
    """Put templates around the samples of all files.

    Args:
        files: Sample files.
        rule: The section with its banks.
        advance: Is called with the number of rows that were done.

    Returns:
        How many samples each template was put around; ``""`` counts those that none fits.
    """
    used: dict[str, int] = {}

    def changed(table: pa.Table) -> pa.Table:
        rows = [instructed(row, rule) for row in table.to_pylist()]
        for row in rows:
            name = row["template_id"] or ""
            used[name] = used.get(name, 0) + 1
        advance(len(rows))
        return pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA)

    for path in files:
        rewrite(path, changed)
    return dict(sorted(used.items()))


def instructed(row: dict[str, Any], rule: InstructionRule) -> dict[str, Any]:
    """A sample with its template, or as it is where none fits."""
    fitting = _fitting(row, rule.bank)
    if fitting is None:
        return row
    kind, slots = fitting
    template = rule.drawn(kind, row)
    turns = templated_turns({**row, "slots": slots}, template.user, template.assistant)
    return {
        **row,
        "template_id": template.name,
        "slots": slots,
        "instruction": {
            "user": template.user,
            "assistant": template.assistant,
            "translated": rule.goes_into_target(template),
        },
        "source_messages": messages_column(turns),
        "source_hash": source_hash(
            turns,
            row["source_choices"],
            row["answer_index"],
            row["source_answers"],
            [image["image_id"] for image in row["image_refs"]],
        ),
    }


def _fitting(row: dict[str, Any], bank: Bank) -> tuple[str, list[dict[str, str | None]]] | None:
    """The kind of templates that fits a row, and its slots; None where none fits."""
    kind = row["kind"] or row["task"]
    slots = row["slots"] if row["slots"] is not None else _slots_of(row)
    if slots is not None and kind in bank and len(row["source_choices"] or ()) <= len(LETTERS):
        return kind, slots
    question = _first_question(row) if row["turn_plan"] else None
    return None if question is None else (CROSS_LINGUAL, [_question(question)])


def _first_question(row: Mapping[str, Any]) -> str | None:
    """The text of the first user turn; None where it has none, or images between its words."""
    text = next((str(turn["content"]) for turn in row["source_messages"] if turn["role"] == "user"), "")
    before = ""
    while text != before:
        before, text = text, text.strip().removeprefix(IMAGE_MARKER).removesuffix(IMAGE_MARKER)
    return text if text and IMAGE_MARKER not in text else None


def _question(text: str) -> dict[str, str | None]:
    return {"name": "question", "text": text, "label": None}


def _slots_of(row: dict[str, Any]) -> list[dict[str, str | None]] | None:
    """The slots of a row as its source has it: None where its turns are not of the plain shape."""
    slots = TASKS[row["task"]].slots
    if slots is None or not is_single(row):
        return None
    question, must, answer = question_of(row), slots.must, answer_of(row)
    if must == {"question", "answer"} and question and answer is not None:
        return [
            {"name": name, "text": text, "label": None} for name, text in (("question", question), ("answer", answer))
        ]
    if must == {"question"} and question:
        return [_question(question)]
    return [] if not must and not question else None
