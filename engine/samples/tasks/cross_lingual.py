"""Question in one language, reply in another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from glotmill.engine.samples.tasks.contract import DerivationContext, SampleRow, TaskMember, each
from glotmill.engine.samples.tasks.shared.derived_rows import derived_row, other_languages
from glotmill.engine.text.answers import SOURCE
from glotmill.recipes.sections.derive import Derivation
from glotmill.schemas.keys import draw

# What such a row says is what its parent says.
_KEPT = ("source_messages", "source_choices", "answer_index", "source_answers", "source_hash", "kind", "slots")


class CrossLingual(Derivation):
    """Question in one language, reply in another.

    Attributes:
        mode: ``en2x`` asks in English; ``x2en`` replies in English; ``x2x`` asks in a language drawn from the
            recipe's others.
    """

    kind: Literal["cross_lingual"]
    mode: Literal["en2x", "x2en", "x2x"] = "x2x"


def in_two_languages(row: SampleRow, context: DerivationContext[CrossLingual]) -> Iterator[SampleRow]:
    """The row with a plan of its turns' languages."""
    others = other_languages(context)
    roles = [turn["role"] for turn in row["source_messages"]]
    spec = context.spec
    if spec.mode == "x2x":
        if len(others) < 2:
            return
        asks: str | None = others[int(draw("asks", context.name, spec.seed, row["source_id"]) * len(others))]
        plan = [None if role == "assistant" else asks for role in roles]
    else:
        asks = None
        english = "user" if spec.mode == "en2x" else "assistant"
        plan = [SOURCE if role == english else None for role in roles]
    made = derived_row(row, context, "", "", turn_plan=plan, only=[code for code in others if code != asks])
    yield {**made, **{name: row[name] for name in _KEPT}}


MEMBER = TaskMember(
    CrossLingual,
    each(in_two_languages),
    row=(
        "any row",
        r"asked in one language, answered in another: `mode: en2x \| x2en \| x2x`; the first question names the "
        "language of the reply in English words",
    ),
)
