"""The answer dictionary: which answers are frequent enough for it, and what is used of it in each language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from glotmill.engine.samples.sample_files import read_columns
from glotmill.engine.text.answers import AnswerRule, is_returned, load_answers
from glotmill.engine.text.dictionary import Judgement, judge_dictionaries
from glotmill.engine.text.segments import split
from glotmill.recipes.model import Dictionary
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.task import ANSWER_TASKS


def frequent_answers(files: Sequence[Path], section: Dictionary | None) -> frozenset[str]:
    """The answers that enough rows of the sources give, derived rows apart.

    Args:
        files: Sample files.
        section: The recipe's section; None has no dictionary, and no answers.
    """
    if section is None:
        return frozenset()
    given = pl.col("source_messages").list.last().struct.field("content").alias("answer")
    rows = read_columns(files, "task", "source_answers", "derived_from", given).filter(
        pl.col("task").is_in(list(ANSWER_TASKS))
        & pl.col("derived_from").is_null()
        & pl.col("source_answers").list.contains(pl.col("answer"))
    )
    counts = (
        rows["answer"]
        .value_counts()
        .filter((pl.col("count") >= section.min_count) & (pl.col("answer").str.len_chars() >= section.min_chars))
    )
    if not section.digits:
        counts = counts.filter(~pl.col("answer").str.contains(r"\d"))
    return frozenset(counts["answer"])


def judged_dictionaries(
    langs: Sequence[str], into: Callable[[str], pl.DataFrame], rule: AnswerRule
) -> dict[str, Judgement]:
    """What is used of each language's dictionary, of those that have one.

    Args:
        langs: Target languages.
        into: Gives the entries into a language, `glotmill.engine.translation.back_translation.JOINED_SCHEMA`.
        rule: How answers are treated, with the frequent ones.
    """
    if not rule.frequent:
        return {}
    words = {lang: _words(lang, into(lang), rule) for lang in langs if lang != ENGLISH}
    known = {lang: {**named, **rule.table.get(lang, {})} for lang, named in load_answers("embedded").items()}
    return judge_dictionaries({lang: found for lang, found in words.items() if found}, {**rule.table, **known})


def _words(lang: str, entries: pl.DataFrame, rule: AnswerRule) -> dict[str, str]:
    """A language's words for the frequent answers that no table has, where their back-translation gives them again."""
    cuts = {answer: split(answer, ENGLISH) for answer in sorted(rule.frequent)}
    asked = pl.DataFrame({"text": list({request for cut in cuts.values() for request in cut.requests})})
    known = (
        entries.filter(pl.col("record").is_null())
        .drop_nulls(["translation", "back"])
        .join(asked.cast(pl.String), on="text", how="semi")
    )
    there, back = (dict(known.select("text", name).iter_rows()) for name in ("translation", "back"))
    found = {}
    for answer, cut in cuts.items():
        if not cut.requests or not there.keys() >= set(cut.requests) or rule.known(answer, lang, "target"):
            continue
        word = cut.join(there.__getitem__)
        if is_returned(answer, word, cut.join(back.__getitem__)):
            found[answer] = word
    return found
