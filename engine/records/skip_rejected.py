"""Which segments need no back-translation and no forced scores: those of records that cheap rules reject.

Guarantees: only scores that are the same with and without a back-translation decide. So a record that is rejected here
is rejected by the same rules when it is packed, where it names what was skipped. Segments of other records are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.records.compose import Composer
from glotmill.engine.records.composed_rows import ComposedRows
from glotmill.engine.records.score import rejected, score
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.fields import answer_requests, other_requests, turn_requests
from glotmill.engine.translation.requests import Selection
from glotmill.filters.contract import Scorer
from glotmill.filters.policy import Policy


def still_needed(
    composers: Iterable[Composer],
    samples_of: Callable[[str], Iterable[pa.Table]],
    answers: AnswerRule,
    scorers: Sequence[Scorer],
    policy: Policy,
    store: ScoreStore,
) -> Selection:
    """What still needs a back-translation and forced scores.

    Args:
        composers: One for each language, whose entries have no back-translation.
        samples_of: The samples of a language, some thousand a table.
        answers: How answers are treated; their dictionary must not need the back-translation.
        scorers: Those of the job.
        policy: What decides.
        store: Keeps what expensive scorers measured.
    """
    early = [s for s in scorers if not (s.expensive or s.whole_shard or s.uses_back_translation)]
    found: dict[str, set[str]] = {}
    for composer in composers:
        for samples in samples_of(composer.lang):
            kept = samples.filter((~_lost(composer.compose(samples), early, policy, store)).to_arrow())
            for row in kept.to_pylist():
                for lang, request in _requests(row, composer.lang, answers):
                    found.setdefault(lang, set()).add(request)
    return Selection({lang: frozenset(requests) for lang, requests in found.items()})


def _lost(made: ComposedRows, scorers: Sequence[Scorer], policy: Policy, store: ScoreStore) -> pl.Series:
    """Which records have failed or are rejected already."""
    failed = pl.Series(made.records["failure"]).is_not_null()
    return failed | rejected(made.records, score(made, scorers, store), policy)


def _requests(row: Mapping[str, Any], lang: str, answers: AnswerRule) -> Iterator[tuple[str, str]]:
    """The segments of a record that are not carriers, with the language that they go into."""
    if row["source_lang"] == lang:
        return
    yield from ((lang, request) for request in (*turn_requests(row), *answer_requests(row, lang, answers)[0]))
    for into, requests in other_requests(row, lang).items():
        yield from ((into, request) for request in requests)
