"""When two choices of a question are one choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import regex

from glotmill.schemas.keys import nfc

_UNSEEN = regex.compile(r"\p{Default_Ignorable_Code_Point}")


def collide(sources: Sequence[str], targets: Sequence[str]) -> bool:
    """Whether two choices of a record became one: then no answer to the question is right.

    Two are one where they look the same: letter case, white space around them, characters without a shape and the way
    that an accent is written make no difference. Only where both stand as in the source may letter case tell them
    apart, as it does in ``US`` and ``us``: an engine or a table that was given two such texts gave the same word.

    Args:
        sources: The source's choices.
        targets: The same in another language, in their order.
    """
    seen = [_seen(target) for target in targets]
    if len(set(seen)) < len(seen):
        return True
    folded = [text.casefold() for text in seen]
    often = Counter(folded)
    return any(
        often[text] > 1 and source != target for source, target, text in zip(sources, targets, folded, strict=True)
    )


def _seen(text: str) -> str:
    """A text as a reader sees it."""
    return str(_UNSEEN.sub("", nfc(text))).strip()
