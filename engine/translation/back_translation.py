"""The back-translation: its requests, and what it says of each translation.

Guarantees: every translation but carriers' is translated back sentence by sentence, each different sentence once; an
entry whose back-translation failed in a part is marked, never joined half.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import polars as pl

from glotmill.engine.memory.entries import Direction
from glotmill.engine.text.one_request import is_one_request
from glotmill.engine.text.segments import Cut, split
from glotmill.engine.translation.requests import (
    ALL,
    REQUEST_SCHEMA,
    Requests,
    RequestSource,
    Selection,
    Tables,
    counted,
    merged,
)
from glotmill.engine.translation.stage import Work
from glotmill.schemas.errors import ConservationError
from glotmill.schemas.keys import in_nfc

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
    "engine": pl.String,  # the fingerprint of the engine
    "record": pl.String,  # the whole record that the text was translated with; null for a segment by itself
}


def back_requests(work: Work, forward: RequestSource, needed: Selection = ALL) -> Requests:
    """What the back-translation asks: the sentences of every translation but carriers', languages swapped.

    Args:
        work: The stage, after its forward phase.
        forward: Its requests.
        needed: Which of it goes back.
    """

    def read(directions: Iterable[Direction]) -> Tables:
        for way, entries in work.entries_in_turn("forward", [direction.back for direction in directions]):
            yield way.back, back_table(needed.among(entries, way.target_lang), way.target_lang)

    return Requests([direction.back for direction in forward.directions()], read)


def back_table(forward: pl.DataFrame, lang: str) -> pl.DataFrame:
    """The sentences of translations into a language, as `glotmill.engine.translation.requests.REQUEST_SCHEMA`."""
    translations = _to_return(forward)
    sure = is_one_request(translations, lang)
    rest: Counter[str] = Counter()
    for translation in translations.filter(~sure):
        rest.update(split(translation, lang).requests)
    whole = pl.DataFrame({"text": in_nfc(translations.filter(sure)), "asked": 1, "carrier": False}, REQUEST_SCHEMA)
    return merged([whole, counted(rest)])


def _to_return(forward: pl.DataFrame) -> pl.Series:
    return forward.filter(pl.col("translation").is_not_null() & ~pl.col("carrier"))["translation"]


def join_back(forward: pl.DataFrame, back: pl.DataFrame | None, lang: str, needed: Selection = ALL) -> pl.DataFrame:
    """The forward entries with their back-translation: null where there is none, or a sentence of it failed.

    Args:
        forward: Entries of one direction (`TranslateStage.entries`).
        back: Entries of the opposite one; None where nothing is translated back.
        lang: The target language.
        needed: What was to be translated back.
    """
    if back is None:
        return forward.with_columns(back=pl.lit(None, pl.String), back_failed=pl.lit(value=False))
    requested = _to_return(needed.among(forward, lang)).unique().rename("translation")
    sure = is_one_request(requested, lang)
    ways = back.select(request="text", back="translation", was_asked=True)
    whole = pl.DataFrame([requested.filter(sure), in_nfc(requested.filter(sure)).alias("request")])
    whole = whole.join(ways, on="request", how="left")
    lacking = whole.filter(pl.col("was_asked").is_null())["request"]
    if lacking.len():
        raise _changed(lacking[0])
    rest = requested.filter(~sure)
    cuts = [split(translation, lang) for translation in rest]
    parts = pl.Series("request", [request for cut in cuts for request in cut.requests], dtype=pl.String)
    found = dict(ways.join(parts.unique().to_frame(), on="request", how="semi").select("request", "back").iter_rows())
    more = pl.DataFrame(
        {"translation": rest, "back": pl.Series([_returned(cut, found) for cut in cuts], dtype=pl.String)}
    )
    known = pl.concat([whole.select("translation", "back"), more]).with_columns(back_failed=pl.col("back").is_null())
    return forward.join(known, on="translation", how="left", maintain_order="left")


def _changed(request: str) -> ConservationError:
    return ConservationError(
        f"the memory has another translation than when the back-translation was requested (a correction, or "
        f"another build's retry): {request!r} has no back-translation; run the same command again"
    )


def _returned(cut: Cut, found: Mapping[str, str | None]) -> str | None:
    """A translation with each sentence translated back; None where that failed for one."""
    for request in cut.requests:
        if request not in found:
            raise _changed(request)
    if any(found[request] is None for request in cut.requests):
        return None
    return cut.join(lambda request: str(found[request]))
