"""What a record is put together from: a text's translation with all that is known of it, and what scorers judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glotmill.engine.text.segments import plain

HUMAN = "human"  # a person's correction, among the engines of a record
REPAIRED = "repaired"  # an engine's translation in the place of one that failed `repair.until`, likewise


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one segment in one language: its translation or failure, the back-translation, and who made it.

    ``engine`` is the fingerprint of the engine. ``reverse`` and ``alone`` are forced scores of the segment, given
    its translation and given nothing, as `glotmill.engine.translation.forced_scores` has them; None where there are
    none.
    """

    text: str | None
    failure: str | None
    logprob: float | None
    target_tokens: int | None
    hit_limit: bool | None
    back: str | None
    back_failed: bool | None = False
    origin: str = "machine"
    engine: str = ""
    reverse: list[float] | None = None
    alone: list[float] | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A request to the translator, and its answer."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class TurnPair:
    """A translated turn for the scorers, `glotmill.filters.contract.PAIR_SCHEMA`: plain texts, and what the translator
    said.
    """

    turn: int
    source: str
    target: str
    back: str | None
    logprob: float | None
    hit_limit: bool
    back_failed: bool
    lang: str
    reverse_words: list[float] | None
    reverse_end: float | None
    source_tokens: int | None
    alone_words: list[float] | None
    segments: list[Segment] | None


@dataclass(frozen=True, slots=True)
class Part:
    """A text of a turn, put into a language.

    Attributes:
        source: The text.
        target: What became of it.
        back: Its back-translation; None where there is none.
        requests: Its segments as they went to the translator.
        entries: What is known of each.
        settled: Where its bare yes and no come from: ``table``, ``yes_no_table``, or ``source`` where they stay.
        judged: The text without them, which is what scorers are shown; None is all of it.
    """

    source: str
    target: str
    back: str | None
    requests: Sequence[str]
    entries: list[Entry]
    settled: frozenset[str] = frozenset()
    judged: Part | None = None

    def segments(self) -> list[Segment]:
        """Its segments with their translations."""
        return [Segment(request, str(e.text)) for request, e in zip(self.requests, self.entries, strict=True)]


def pair(number: int, parts: list[Part], lang: str) -> TurnPair:
    """What scorers are shown of a turn: its translated texts, one below the other, no text that a table has."""
    parts = [part.judged or part for part in parts]
    entries = [entry for part in parts for entry in part.entries]
    segments = [segment for part in parts for segment in part.segments()]
    scored = [(e.logprob, e.target_tokens) for e in entries if e.logprob is not None and e.target_tokens]
    total = sum(tokens for _, tokens in scored)
    backs = [part.back for part in parts]
    source = "\n".join(plain(part.source) for part in parts)
    words = len(source.split())
    reverse = _forced([entry.reverse for entry in entries], words)
    alone = _forced([entry.alone for entry in entries], words)
    return TurnPair(
        turn=number,
        source=source,
        target="\n".join(plain(part.target) for part in parts),
        back=None if None in backs else "\n".join(plain(str(back)) for back in backs),
        logprob=sum(logprob * tokens for logprob, tokens in scored) / total if total else None,
        hit_limit=any(entry.hit_limit for entry in entries),
        back_failed=any(entry.back_failed for entry in entries),
        lang=lang,
        reverse_words=reverse.words if reverse else None,
        reverse_end=reverse.end if reverse else None,
        source_tokens=reverse.tokens if reverse else None,
        alone_words=alone.words if alone else None,
        segments=segments if len(segments) > 1 else None,
    )


@dataclass(frozen=True, slots=True)
class _Forced:
    words: list[float]
    end: float
    tokens: int


def _forced(segments: list[list[float] | None], words: int) -> _Forced | None:
    """The forced scores of a turn's segments as one; None where there are none for each of its words."""
    scores = [score for score in segments if score is not None]
    found = [word for score in scores for word in score[:-2]]
    if len(scores) < len(segments) or not scores or len(found) != words:
        return None
    return _Forced(found, sum(score[-2] for score in scores), int(sum(score[-1] for score in scores)))
