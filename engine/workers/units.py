"""Units of work: how segments are cut into batches and units, and how one unit is done.

Guarantees: the unit list is a pure function of the requested segments and of the recipe, never of the workers;
a batch is translated exactly as it was written down, so that scores do not depend on who did it or when.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, pairwise
from operator import attrgetter
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from glotmill.engine.memory.entries import HYPOTHESES, HYPOTHESIS
from glotmill.engine.translators.contract import (
    ForcedPair,
    ForcedScore,
    Request,
    ShowsTokens,
    Translation,
    Translator,
)
from glotmill.engine.translators.shared.retry import DecodedBatch, decode_with_retry, whole_answer
from glotmill.engine.translators.shared.token_use import TokenUse
from glotmill.schemas.errors import TranslatorError

AT_WORK = 2  # batches of an engine that computes one while Python is busy with another
T = TypeVar("T")

RESULT_SCHEMA = pa.schema(
    [
        pa.field("text", pa.string()),
        pa.field("failure", pa.string()),
        pa.field("logprob", pa.float32()),
        pa.field("source_tokens", pa.int32()),
        pa.field("target_tokens", pa.int32()),
        pa.field("hit_limit", pa.bool_()),
        pa.field("detail", pa.string()),
        pa.field("requests", pa.int64()),
        pa.field("prompt_tokens", pa.int64()),
        pa.field("completion_tokens", pa.int64()),
        pa.field("settings", pa.string()),  # which decode it was: the first, or the retry
        pa.field("attempt", pa.int32()),
        HYPOTHESES,
    ]
)
OF_TRANSLATION = RESULT_SCHEMA.names[: RESULT_SCHEMA.names.index("settings")]  # what a `Translation` holds
# A row of numbers. A forced score is ln P of each word, of the end, and the tokens with the end; the tokens that a
# search uses are what `TokenUse.as_numbers` writes. Null where there is no score, or the text cannot be read.
FORCED_SCHEMA = pa.schema([pa.field("values", pa.list_(pa.float32()))])


class Note(Protocol):
    """Is called with what happens to workers and units, as `glotmill.engine.runs.run.Run.event` takes it."""

    def __call__(self, name: str, **values: Any) -> None:
        """Take note of one event."""


def no_note(name: str, **values: Any) -> None:
    """Take no note."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work: rows of `glotmill.engine.runs.run.UNIT_SCHEMA` with one unit number, batches in order.

    With a column ``translation`` beside them (`glotmill.engine.runs.run.FORCED_UNIT_SCHEMA`) it is forced; with a
    column ``use`` (`glotmill.engine.runs.run.USE_UNIT_SCHEMA`) its searches are looked at for the tokens that they use;
    else it is translated. Windows number their units by themselves.
    """

    number: int
    rows: pa.Table
    window: int | None = None

    @property
    def name(self) -> dict[str, int]:
        """What an event calls it."""
        return {"unit": self.number} | ({} if self.window is None else {"window": self.window})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt at a unit gave no results.

    Attributes:
        reason: Becomes the failure of a row that is given up.
        detail: What happened, for people.
        trace: The engine's traceback, where it raised.
    """

    reason: Literal["worker_died", "timed_out", "engine_error"]
    detail: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What a unit gave.

    Attributes:
        unit: The unit.
        results: One row of `RESULT_SCHEMA`, or of `FORCED_SCHEMA`, for each of its rows, in order.
        poisoned: Why rows were given up that failed their worker alone, by row number.
    """

    unit: Unit
    results: pa.Table
    poisoned: Mapping[int, Failure] = field(default_factory=dict)


def do_unit(translator: Translator, rows: pa.Table, batch_done: Callable[[], None] = lambda: None) -> pa.Table:
    """Do one unit as `Unit` says, batch by batch as written down.

    Args:
        translator: The loaded engine.
        rows: The unit's rows.
        batch_done: Called after each batch.

    Raises:
        TranslatorError: The engine broke, or gave another number of results than it had requests.
    """
    work = force_unit if "translation" in rows.column_names else translate_unit
    work = use_unit if "use" in rows.column_names else work
    return work(translator, rows, batch_done)


def force_unit(translator: Translator, rows: pa.Table, batch_done: Callable[[], None] = lambda: None) -> pa.Table:
    """Force one unit: `FORCED_SCHEMA` for rows of `glotmill.engine.runs.run.FORCED_UNIT_SCHEMA`, otherwise as
    `do_unit`.
    """

    def score(*columns: list[str]) -> Sequence[ForcedScore | None]:
        pairs = list(map(ForcedPair, *columns))
        return whole_answer(lambda: translator.score(pairs), len(pairs), "scores", "pairs")

    batches = _batches(rows, "source_lang", "target_lang", "text", "translation")
    scores = _done(translator, score, batches, batch_done)
    return forced_table(list(chain.from_iterable(scores)))


def use_unit(translator: Translator, rows: pa.Table, batch_done: Callable[[], None] = lambda: None) -> pa.Table:
    """Search the texts of a unit for the tokens that are used: `FORCED_SCHEMA`, otherwise as `do_unit`.

    Raises:
        TranslatorError: The engine broke, or does not say which tokens it uses.
    """
    if not isinstance(translator, ShowsTokens):
        msg = f"{type(translator).__name__} does not say which tokens it uses"
        raise TranslatorError(msg)

    def used(*columns: list[str]) -> Sequence[TokenUse | None]:
        batch = list(map(Request, *columns))
        return whole_answer(lambda: translator.used(batch), len(batch), "token uses", "requests")

    found = _done(translator, used, _batches(rows, "source_lang", "target_lang", "text"), batch_done)
    values = [use.as_numbers() if use else None for batch in found for use in batch]
    return pa.table({"values": pa.array(values, FORCED_SCHEMA.field("values").type)}, schema=FORCED_SCHEMA)


def forced_table(scores: Sequence[ForcedScore | None]) -> pa.Table:
    """`FORCED_SCHEMA` of scores; null where there is none, or it is no number."""
    values = [score and (*score.words, score.end, score.tokens) for score in scores]
    lists = pa.array(values, FORCED_SCHEMA.field("values").type)
    if not np.isfinite(lists.flatten().to_numpy()).all():
        values = [row if row and all(map(math.isfinite, row)) else None for row in values]
        lists = pa.array(values, FORCED_SCHEMA.field("values").type)
    return pa.table({"values": lists}, schema=FORCED_SCHEMA)


def _done(
    translator: Translator, do: Callable[..., T], batches: Iterable[list[list[str]]], note: Callable[[], None]
) -> list[T]:
    """What doing each batch gave, in order.

    Where the engine lets it, two are at work: one is read or written in Python while the engine computes the other, so
    that it need not wait. Each is computed by itself, so its results are the same.
    """
    done: list[T] = []
    if not getattr(translator, "overlaps", False):
        for batch in batches:
            done.append(do(*batch))
            note()
        return done
    with ThreadPoolExecutor(AT_WORK) as threads:
        futures = [threads.submit(do, *batch) for batch in batches]
        try:
            for future in futures:
                done.append(future.result())
                note()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return done


def _batches(rows: pa.Table, *names: str) -> Iterator[list[list[Any]]]:
    """Columns of each batch of a unit, in order."""
    starts = np.flatnonzero(np.diff(rows["batch"].to_numpy(), prepend=-1)).tolist()
    columns = [rows[name].to_pylist() for name in names]
    for start, end in pairwise([*starts, rows.num_rows]):
        yield [column[start:end] for column in columns]


def translate_unit(translator: Translator, rows: pa.Table, batch_done: Callable[[], None] = lambda: None) -> pa.Table:
    """Translate one unit, batch by batch as written down.

    Args:
        translator: The loaded engine.
        rows: Rows of `glotmill.engine.runs.run.UNIT_SCHEMA`.
        batch_done: Called after each batch.

    Returns:
        Rows of `RESULT_SCHEMA`, one for each row, in order.

    Raises:
        TranslatorError: The engine broke, or gave another number of results than it had requests.
    """

    def translate(*columns: list[str]) -> DecodedBatch:
        return decode_with_retry(translator, list(map(Request, *columns)))

    done = _done(translator, translate, _batches(rows, "source_lang", "target_lang", "text"), batch_done)
    translations = [translation for batch in done for translation in batch.translations]
    columns: dict[str, list[Any]] = {name: list(map(attrgetter(name), translations)) for name in OF_TRANSLATION}
    columns["settings"] = [settings for batch in done for settings in batch.settings]
    columns["attempt"] = [attempt for batch in done for attempt in batch.attempts]
    columns["hypotheses"] = list(map(_hypotheses, translations))
    return pa.table(columns, schema=RESULT_SCHEMA)


def _hypotheses(made: Translation) -> list[dict[str, Any]] | None:
    """The translations of a text as its entry keeps them; None where it has none, or the engine gives one alone."""
    if made.text is None or made.place is None:
        return None
    return [{field.name: getattr(one, field.name) for field in HYPOTHESIS} for one in (made, *made.others)]
