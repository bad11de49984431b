"""The name of what an image shows, from the label table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from glotmill.engine.samples.tasks.contract import DerivationContext, SampleRow, TaskMember, each
from glotmill.engine.samples.tasks.shared.derived_rows import derived_row, label_of, languages_with_label, slot
from glotmill.recipes.sections.derive import Derivation
from glotmill.schemas.languages import ENGLISH


class Classification(Derivation):
    """The name of what an image shows, from the label table; the source's reply is a label id."""

    kind: Literal["classification"]

    needs_labels: ClassVar[bool] = True


def named_image(row: SampleRow, context: DerivationContext[Classification]) -> Iterator[SampleRow]:
    """The row whose reply is the label's name."""
    label = label_of(row)
    name = context.labels.get(ENGLISH, {}).get(label)
    if name is None:
        return
    yield derived_row(
        row, context, "", name, task="classification", source_answers=[name], slots=[slot("answer", name, label)],
        only=languages_with_label(context, label),
    )  # fmt: skip


MEMBER = TaskMember(
    Classification,
    each(named_image),
    row=("an image with a label id", "its name (`labels`)"),
)
