"""Whole records: the requests of one record each, and which records are sent in segments instead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import pyarrow as pa

from glotmill.engine.samples.sample_files import rows_of
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.records import record_request
from glotmill.engine.translation.requests import Segments


def records_of(samples: Iterable[pa.Table], answers: AnswerRule, by_record: Callable[[str], bool]) -> Segments:
    """The request of every sample in every language whose records are sent whole, as `Segments`.

    Args:
        samples: The samples, with the languages that each is requested in.
        answers: How answers are treated.
        by_record: Whether a language is one of these.
    """
    records = Segments()
    for row in rows_of(samples):
        for lang in row["langs"]:
            if lang != row["source_lang"] and by_record(lang):
                request = record_request(row, lang, answers)
                if request is not None:
                    records.add(row["source_lang"], (lang,), [request])
    return records


def answered_whole(
    answers: AnswerRule, by_record: Callable[[str], bool], broken: Collection[tuple[str, str]]
) -> Callable[[Mapping[str, Any], str], bool]:
    """Whether a sample needs no segments in a language, as its record was answered whole.

    Args:
        answers: How answers are treated.
        by_record: Whether a language's records are sent whole.
        broken: The records whose answer did not fit, as (language, request).
    """

    def whole(row: Mapping[str, Any], lang: str) -> bool:
        request = record_request(row, lang, answers) if by_record(lang) else None
        return request is not None and (lang, request) not in broken

    return whole
