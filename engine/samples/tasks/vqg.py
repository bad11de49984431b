"""Visual question generation: the answer of a question is given, the question is the reply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from glotmill.engine.samples.tasks.contract import DerivationContext, SampleRow, TaskMember, each
from glotmill.engine.samples.tasks.shared.derived_rows import derived_row, is_single, question_of, slot
from glotmill.recipes.sections.derive import Derivation


class Vqg(Derivation):
    """Visual question generation: the answer of a question is given, the question is the reply."""

    kind: Literal["vqg"]


def generated_question(row: SampleRow, context: DerivationContext[Vqg]) -> Iterator[SampleRow]:
    """The row whose reply is a question row's question."""
    question = question_of(row)
    if row["task"] not in ("vqa_open", "vqa_mc") or not is_single(row) or not question:
        return
    answer = row["source_messages"][1]["content"]
    yield derived_row(
        row, context, answer, question, task="vqg", source_answers=[answer], slots=[slot("answer", answer)]
    )


MEMBER = TaskMember(
    Vqg,
    each(generated_question),
    row=("a question with its answer", "the answer is given, the question is the reply"),
)
