"""Composing in columns makes what composing row by row makes, of every sample that there can be."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any
from unittest import mock

import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from glotmill.engine.records import compose as compose_module
from glotmill.engine.records.compose import Composer, entries_digest
from glotmill.engine.records.composed_rows import ComposedRows
from glotmill.engine.records.sample_batch import Batch
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.composition import EngineName
from glotmill.engine.text.fields import answer_requests, turn_requests
from glotmill.engine.translation.back_translation import JOINED_SCHEMA
from glotmill.engine.translation.forced_scores import FORCED_COLUMNS
from glotmill.recipes.model import Answers
from glotmill.schemas.sample import SAMPLE_SCHEMA

LANG = "deu_Latn"
ENGINE = EngineName("nllb", "model", "f1")
ENGINES = MappingProxyType({"f1": ENGINE, "f2": EngineName("madlad", "other", "f2")})
TEXTS = [
    "A dog runs.", "A dog runs", "two men, one 'red' hat - there!", "<image>", "<image>\n<image>", "Yes.", "no", "42",
    "<image>\nWhat colour is it?", "<image>\nA big dog. It runs fast.", "Dogs run. Cats sit.", "a b c",
    " ", "See www.example.org now",
    "A **bold** word", "1. first item", "- item here", "It costs $5 or 5%", "He said \"Stop.\"", "A. cat B. dog here",
    "  outer space around ", "The caf\u00e9 is cafe\u0301", "\u001cOdd space\u001f", "`code` only here",
    "Look <tag> here", "many words\nin lines",
    "A dog runs (fast).", "plan B: go home", "Kiosk geschlossen", "word " * 200,
]  # fmt: skip
TRANSLATIONS = [
    "Ein Hund läuft.", "Zwei Hunde. Eine Katze.", "A. Katze B. Hund", "mit `code` drin", "- Strich am Anfang",
    "1. Punkt",
    "x@example.org", " \u001cRand\u001f ", "Zeile\nzwei", "www.example.org", "<image>", "Preis: $5", "", "犬が走る。",
]  # fmt: skip
HEADS = {"source": dict.fromkeys(("dataset", "revision", "config", "split", "row_id", "url"), "x"), "license": "mit"}
turns = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": st.sampled_from(TEXTS)}),
    min_size=1, max_size=3,
)  # fmt: skip
images = st.lists(
    st.fixed_dictionaries({"image_id": st.just("i"), "uri": st.sampled_from(["a.jpg", "b.jpg"])}), max_size=2
)
few_answers = st.none() | st.lists(st.sampled_from(["Yes.", "red", "two dogs", "42"]), max_size=2)
samples = st.lists(
    st.fixed_dictionaries({
        "source_id": st.sampled_from(["s1:a", "s1:b", "s1:c"]),
        "source_lang": st.sampled_from(["eng_Latn", "eng_Latn", LANG]),
        "task": st.sampled_from(["caption", "vqa_open", "conversation"]),
        "source_messages": turns,
        "source_choices": st.none() | st.just([]),
        "source_answers": st.none() | st.just([]) | few_answers,
        "answer_index": st.none() | st.just(0),
        "turn_plan": st.none() | st.just([]),
        "image_refs": images,
        "image_keys": st.just(["k"]),
    }),
    max_size=6,
)  # fmt: skip
few_numbers = st.none() | st.lists(st.sampled_from([-0.5, -1.25, 3.0]), max_size=8)
known = st.fixed_dictionaries({
    "translation": st.sampled_from([*TRANSLATIONS, None]),
    "logprob": st.sampled_from([None, -0.3, 0.0, -1e-7]),
    "target_tokens": st.sampled_from([None, 0, 3]),
    "hit_limit": st.sampled_from([None, True, False]),
    "back": st.sampled_from([None, "", " A dog.\u001f", "<image> back"]),
    "back_failed": st.sampled_from([None, True, False]),
    "origin": st.sampled_from(["machine", "machine", "human", "repaired"]),
    "engine": st.sampled_from(["f1", "f2", "other"]),
})  # fmt: skip


def entries_of(rows: list[dict[str, Any]], rule: AnswerRule, draw: st.DrawFn, *, forced: bool) -> pl.DataFrame:
    """An entry for each request of the samples, and one that nobody needs."""
    wanted = {"nobody needs this"}
    for row in rows:
        if row["source_lang"] != LANG:
            wanted.update(turn_requests(row), answer_requests(row, LANG, rule)[0])
    found = []
    for text in sorted(wanted):
        entry = {"text": text, **draw(known), "record": None}
        entry["failure"] = None if entry["translation"] is not None else "failed:looped"
        if forced:
            right = draw(st.booleans())
            of_words = [-0.5] * (len(text.split()) + 2)
            entry |= {name: of_words if right else draw(few_numbers) for name in FORCED_COLUMNS}
        found.append(entry)
    return pl.DataFrame(found, schema={**JOINED_SCHEMA, **(FORCED_COLUMNS if forced else {})})


def composed(
    table: pa.Table, entries: pl.DataFrame, rule: AnswerRule, *, in_columns: bool
) -> tuple[ComposedRows, str, dict[str, int]]:
    composer = Composer(LANG, lambda _: entries, rule, ENGINE, ENGINES)
    with mock.patch.object(compose_module, "FEWEST", 0 if in_columns else len(table) + 1):
        made = composer.compose(table)
    return made, composer.take_entries_digest(), composer.take_origins()


@st.composite
def cases(draw: st.DrawFn) -> tuple[pa.Table, pl.DataFrame, AnswerRule]:
    rows = [HEADS | row for row in draw(samples)]
    rule = AnswerRule(Answers(policy=draw(st.sampled_from(["source", "target"]))), {})
    entries = entries_of(rows, rule, draw, forced=draw(st.booleans()))
    return pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA), entries, rule


@settings(max_examples=60)
@given(cases())
def test_columns_make_the_same_records_pairs_digest_and_counts_as_rows(case):
    table, entries, rule = case
    fast, slow = (composed(table, entries, rule, in_columns=way) for way in (True, False))
    assert fast[0].records.to_pylist() == slow[0].records.to_pylist()
    assert fast[0].turns.to_pylist() == slow[0].turns.to_pylist()
    assert fast[0].records.equals(slow[0].records)
    assert fast[0].turns.equals(slow[0].turns)
    assert fast[1:] == slow[1:]


@settings(max_examples=60)
@given(cases(), st.lists(st.integers(1, 3), min_size=6, max_size=6))
def test_small_shards_composed_together_are_what_each_is_alone(case, most):
    table, entries, rule = case
    heights, left = [], len(table)
    for height in most:
        heights += [min(height, left)] if left else []
        left -= min(height, left)
    parts = Composer(LANG, lambda _: entries, rule, ENGINE, ENGINES).compose_small(table, heights) if heights else []
    start = 0
    for height, part in zip(heights, parts, strict=True):
        alone, digest, origins = composed(table.slice(start, height), entries, rule, in_columns=False)
        assert part.rows.records.to_pylist() == alone.records.to_pylist()
        assert part.rows.turns.to_pylist() == alone.turns.to_pylist()
        assert (entries_digest(part.used), part.answers) == (digest, origins)
        start += height


def test_captions_are_composed_in_columns():
    said = [{"role": "user", "content": "<image>"}, {"role": "assistant", "content": "A dog (5) runs."}]
    row = HEADS | {"source_lang": "eng_Latn", "task": "caption", "source_messages": said}
    batch = Batch.of(pa.Table.from_pylist([row], schema=SAMPLE_SCHEMA), LANG)
    assert batch.common.all()
    assert batch.requests(LANG).to_list() == ["A dog (5) runs."]
