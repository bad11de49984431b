"""Whether a named thing is in an image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from glotmill.engine.samples.tasks.contract import DerivationContext, SampleRow, TaskMember, each
from glotmill.engine.samples.tasks.shared.derived_rows import (
    derived_row,
    is_negative,
    label_of,
    languages_with_label,
    slot,
)
from glotmill.recipes.sections.derive import Derivation
from glotmill.schemas.keys import draw
from glotmill.schemas.languages import ENGLISH


class Decide(Derivation):
    """Whether a named thing is in an image; the source's reply is a label id.

    Attributes:
        negative_share: Share of rows that ask for something else.
    """

    kind: Literal["decide"]
    negative_share: float = Field(0.5, ge=0, le=1)

    needs_labels: ClassVar[bool] = True


def thing_in_image(row: SampleRow, context: DerivationContext[Decide]) -> Iterator[SampleRow]:
    """The row that asks for a label's own thing, or for another."""
    own = label_of(row)
    english = context.labels.get(ENGLISH, {})
    if own not in english:
        return
    shown, spec = own, context.spec
    if is_negative(context.name, spec.seed, spec.negative_share, row["source_id"]):
        others = sorted(label for label, name in english.items() if name.casefold() != english[own].casefold())
        if others:
            shown = others[int(draw("label", context.name, spec.seed, row["source_id"]) * len(others))]
    # Where both have the same name the answer no would be wrong.
    names = {code: context.labels.get(code, {}) for code in context.languages}
    alike = {code for code, known in names.items() if shown != own and known.get(own) == known.get(shown)}
    answer = "yes" if shown == own else "no"
    yield derived_row(
        row, context, english[shown], answer, task="matching", kind="decide", source_answers=[answer],
        slots=[slot("label", english[shown], shown)],
        only=[code for code in languages_with_label(context, shown) if code not in alike],
    )  # fmt: skip


MEMBER = TaskMember(
    Decide,
    each(thing_in_image),
    row=("an image with a label id", "yes or no to a name (`labels`)"),
)
