"""Chains of thought: the reply gives the rationale of an explanation row, then the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from glotmill.engine.samples.tasks.contract import DerivationContext, SampleRow, TaskMember, each
from glotmill.engine.samples.tasks.shared.derived_rows import answer_of, derived_row, is_single, question_of, slot
from glotmill.recipes.sections.derive import Derivation

_END = ".!?…。！？।"


class Cot(Derivation):
    """Chains of thought: the reply gives the rationale of an explanation row, then the answer."""

    kind: Literal["cot"]


def chain_of_thought(row: SampleRow, context: DerivationContext[Cot]) -> Iterator[SampleRow]:
    """The row whose reply is an explanation row's rationale and answer."""
    answer, question = answer_of(row), question_of(row)
    if row["task"] != "explanation" or not is_single(row) or answer is None or not question:
        return
    rationale = _ended(row["source_messages"][1]["content"])
    slots = [slot("question", question), slot("rationale", rationale), slot("answer", answer)]
    yield derived_row(row, context, question, f"{rationale} {answer}", kind="cot", slots=slots, source_answers=[answer])


def _ended(text: str) -> str:
    text = text.strip()
    return text if text[-1] in _END else f"{text}."


MEMBER = TaskMember(
    Cot,
    each(chain_of_thought),
    row=("an explanation (A-OKVQA's rationales)", "rationale, then the answer"),
)
