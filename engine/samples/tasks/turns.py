"""Each question of a conversation with its reply, as a conversation of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from pydantic import Field

from glotmill.engine.samples.tasks.contract import DerivationContext, SampleRow, TaskMember, each
from glotmill.engine.samples.tasks.shared.derived_rows import derived_row
from glotmill.engine.text.sentences import count_sentences
from glotmill.recipes.sections.derive import Derivation
from glotmill.schemas.sample import IMAGE_MARKER


class Turns(Derivation):
    """Each question of a conversation with its reply, as a conversation of its own.

    Attributes:
        max_sentences: Longer replies are left out.
    """

    kind: Literal["turns"]
    max_sentences: int | None = Field(None, ge=1)


def single_turns(row: SampleRow, context: DerivationContext[Turns]) -> Iterator[SampleRow]:
    """A row for each question of a conversation."""
    most = context.spec.max_sentences
    for place, (turn, reply) in enumerate(pairwise(row["source_messages"])):
        question = turn["content"].replace(IMAGE_MARKER, "").strip()
        if turn["role"] != "user" or reply["role"] != "assistant" or not question:
            continue
        if most is None or count_sentences(reply["content"], row["source_lang"]) <= most:
            yield derived_row(row, context, question, reply["content"], part=str(place))


MEMBER = TaskMember(
    Turns,
    each(single_turns),
    row=("a conversation", "each question with its reply; `max_sentences` leaves long ones out"),
)
