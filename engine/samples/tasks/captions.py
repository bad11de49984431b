"""One caption for each image out of its several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from rapidfuzz import fuzz

from glotmill.engine.samples.tasks.contract import DerivationContext, SampleRow, TaskMember
from glotmill.engine.samples.tasks.shared.derived_rows import derived_row, is_single
from glotmill.engine.text.sentences import in_one_text
from glotmill.recipes.sections.derive import Derivation
from glotmill.schemas.keys import derived_id, draw


class Captions(Derivation):
    """One caption for each image out of its several.

    Attributes:
        pick: ``seeded`` draws one; ``longest``; ``central`` takes the one most like the others; ``join`` makes one
            text of all, a sentence each, begun with a capital and ended with a mark.
    """

    kind: Literal["captions"]
    pick: Literal["seeded", "longest", "central", "join"] = "seeded"


def one_caption(rows: Iterable[SampleRow], context: DerivationContext[Captions]) -> Iterator[SampleRow]:
    """One row for each picture, in the order of the pictures' first captions."""
    by_picture: dict[str, list[SampleRow]] = {}
    for row in rows:
        if row["task"] == "caption" and is_single(row) and len(row["image_refs"]) == 1:
            by_picture.setdefault(row["image_keys"][0], []).append(row)
    for group in by_picture.values():
        image = group[0]["image_refs"][0]["image_id"]  # ids of rows go by the name of the picture that came first
        first, text = _picked(sorted(group, key=lambda row: str(row["source_id"])), context.spec)
        parents = [first["source_id"], *(row["source_id"] for row in group if row is not first)]
        made = derived_row(first, context, "", text, derived_from=parents)
        yield {**made, "source_id": derived_id(image, context.name, "")}


def _picked(group: list[SampleRow], spec: Captions) -> tuple[SampleRow, str]:
    """(the row that stands for an image, the caption)."""
    texts = [row["source_messages"][1]["content"] for row in group]
    match spec.pick:
        case "join":
            return group[0], in_one_text(texts, group[0]["source_lang"]) or texts[0]
        case "longest":
            best = max(range(len(group)), key=lambda i: (len(texts[i]), -i))
        case "central":
            best = max(range(len(group)), key=lambda i: (sum(fuzz.token_set_ratio(texts[i], t) for t in texts), -i))
        case "seeded":
            best = min(range(len(group)), key=lambda i: draw("pick", spec.seed, group[i]["source_id"]))
    return group[best], texts[best]


MEMBER = TaskMember(
    Captions,
    one_caption,
    row=(
        "several captions of an image",
        r"one: `pick: seeded \| longest \| central \| join`; `join` makes each a sentence of one text, begun with a "
        "capital and ended with a mark",
    ),
)
