"""The back-translation: what it asks, and what it says of each translation.

Guarantees: every translation but carriers' is asked back sentence by sentence, each different sentence once; an entry
whose back-translation failed in a part is marked, never joined half.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from glotmill.engine.memory.translations import Direction
from glotmill.engine.text.segments import split
from glotmill.engine.translation.forced_scores import FORCED_COLUMNS, ForcedStage
from glotmill.engine.translation.requests import ALL, RequestSource, Selection, asked_table
from glotmill.engine.translation.stage import Work
from glotmill.schemas.errors import ConservationError

JOINED_SCHEMA = {
    "text": pl.String,  # the request
    "translation": pl.String,
    "failure": pl.String,
    "logprob": pl.Float32,
    "target_tokens": pl.Int32,
    "hit_limit": pl.Boolean,
    "back": pl.String,
    "back_failed": pl.Boolean,
    "origin": pl.String,
    "engine": pl.String,  # the fingerprint of who was asked
    "record": pl.String,  # the whole record that the text was translated with; null for a segment by itself
}


def entries_into(
    work: Work,
    lang: str,
    asked: RequestSource,
    *,
    returned: bool,
    forced: ForcedStage | None = None,
    needed: Selection = ALL,
) -> pl.DataFrame:
    """The entries into one language with their back-translation, as `JOINED_SCHEMA`.

    Args:
        work: The stage, after its phases.
        lang: The target language.
        asked: What the forward phase was asked.
        returned: Whether there was a back-translation.
        forced: The forced scores, whose columns then stand beside the others.
        needed: What the back-translation was asked for.
    """
    rows = [pl.DataFrame(schema={**JOINED_SCHEMA, **(FORCED_COLUMNS if forced else {})})]
    for direction in asked.directions():
        if direction.target_lang == lang:
            back = work.entries("back", direction.back) if returned else None
            joined = join_back(work.entries("forward", direction), back, lang, needed)
            rows.append((forced.beside(joined, direction) if forced else joined).select(rows[0].columns))
    return pl.concat(rows)


class BackTranslationRequests:
    """What the back-translation asks: the sentences of every translation but carriers', languages swapped.

    Args:
        work: The stage, after its forward phase.
        forward: What that was asked.
        needed: Which of it goes back.
    """

    def __init__(self, work: Work, forward: RequestSource, needed: Selection = ALL) -> None:
        self._work = work
        self._forward = forward
        self._needed = needed

    def directions(self) -> list[Direction]:
        """The forward directions, turned round."""
        turned = [direction.back for direction in self._forward.directions()]
        return sorted(turned, key=lambda d: (d.source_lang, d.target_lang))

    def table(self, direction: Direction) -> pl.DataFrame:
        """`glotmill.engine.translation.requests.ASKED_SCHEMA` of one direction."""
        lang = direction.source_lang
        return back_table(self._needed.among(self._work.entries("forward", direction.back), lang), lang)


def back_table(forward: pl.DataFrame, lang: str) -> pl.DataFrame:
    """The sentences of translations into a language, as `glotmill.engine.translation.requests.ASKED_SCHEMA`."""
    texts: Counter[str] = Counter()
    for translation in _to_return(forward):
        texts.update(split(translation, lang).requests)
    return asked_table(iter([(texts, False)]))


def _to_return(forward: pl.DataFrame) -> pl.Series:
    return forward.filter(pl.col("translation").is_not_null() & ~pl.col("carrier"))["translation"]


def join_back(forward: pl.DataFrame, back: pl.DataFrame | None, lang: str, needed: Selection = ALL) -> pl.DataFrame:
    """The forward entries with their back-translation: null where there is none, or a sentence of it failed.

    Args:
        forward: Entries of one direction (`TranslateStage.entries`).
        back: Entries of the opposite one; None where nothing is translated back.
        lang: The target language.
        needed: What the back-translation was asked for.
    """
    if back is None:
        return forward.with_columns(back=pl.lit(None, pl.String), back_failed=pl.lit(value=False))
    found = dict(back.select("text", "translation").iter_rows())
    asked = _to_return(needed.among(forward, lang)).unique()
    returned = pl.Series([_returned(translation, lang, found) for translation in asked], dtype=pl.String)
    known = pl.DataFrame({"translation": asked, "back": returned, "back_failed": returned.is_null()})
    return forward.join(known, on="translation", how="left", maintain_order="left")


def _returned(text: str, lang: str, found: dict[str, str | None]) -> str | None:
    cut = split(text, lang)
    unasked = [request for request in cut.requests if request not in found]
    if unasked:
        msg = (
            f"the memory has another translation than when the back-translation was requested (a correction, or "
            f"another build's retry): {unasked[0]!r} has no back-translation; run the same command again"
        )
        raise ConservationError(msg)
    ways = {request: found[request] for request in cut.requests}
    if any(way is None for way in ways.values()):
        return None
    return cut.join(lambda request: str(ways[request]))
