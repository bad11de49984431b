"""Records asked whole: one request for all texts of a record, segments where the answer does not fit."""

from __future__ import annotations

import json
from collections import Counter

import polars as pl

from glotmill.engine.commands.explain.explain_record import explain
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.runs.progress import ProgressReport
from tests.stand_in_llm import StandIn


def engine(server, **changes):
    fast = {"first_wait": 0.01, "longest_wait": 0.2, "attempts": 2, "mode": "record"}
    return {"engine": "openai", "model": "stand-in", "url": server.url, **fast, **changes}


def texts(summary):
    table = pl.read_parquet(summary.dataset / "data" / "deu_Latn" / "*.parquet")
    return {
        row["source_id"]: (row["messages"], row["choices"], row["answers"], row["row_status"], row["back_messages"])
        for row in table.iter_rows(named=True)
    }


def recipe(recipe_file, server, max_failed=0.01, **changes):
    return recipe_file(translate=engine(server, **changes), languages=["deu_Latn"], max_failed=max_failed)


def test_records_go_whole_and_say_the_same_as_segments(recipe_file, run):
    with StandIn() as server:
        whole = run(recipe(recipe_file, server), out="whole")
        asked = [json.loads(text) for text in server.seen if text.startswith("{")]
    with StandIn() as server:
        alone = run(recipe(recipe_file, server, mode="segment"), out="alone")
    assert texts(whole) == texts(alone)
    assert whole.records.requested == whole.records.whole == len(asked) == 20  # captions are one text each
    assert {"user_1.1", "assistant_2.1", "assistant_4.1"} in [set(items) for items in asked]
    [choices] = [items for items in asked if any(key.startswith("choice_") for key in items)]
    named = sorted(text for key, text in choices.items() if key.startswith("choice_"))
    assert named == ["a ball", "a cup", "an umbrella"]


# The questions "What color is ball 3?" and so on are a record each, with their answer.
FAULTS = {
    '"What is the man holding': ("choices", "choice_count"),
    "ball 1?": ("broken", "broken_json"),
    "ball 2?": ("fields", "field_count"),
    "ball 3?": ("cut", "hit_limit"),
    "ball 4?": ("echo", "broken_json"),
    "ball 5?": ("wrapper", "broken_json"),
    "ball 6?": ("refusal", "broken_json"),
    '"user_1.1": "What color is ball 7?"': ("500", "server_error"),
}


def test_an_answer_that_does_not_fit_sends_the_record_by_segment_with_the_reason(recipe_file, run):
    # What fails on the record is asked once more before that, and is well when asked by segment.
    faults = {text: [fault] * 2 for text, (fault, _) in FAULTS.items()}
    with StandIn(faults) as server:
        server.instead = {"What color is ball 8?": "Here is the translation: Welche Farbe?", "red": "rot"}
        summary = run(recipe(recipe_file, server, max_failed=1.0))
    expected = Counter(reason for _, reason in FAULTS.values()) + Counter(wrapper_leak=1)
    assert summary.records.by_segment == expected
    assert summary.records.whole == 20 - expected.total()
    count = summary.languages["deu_Latn"]
    assert count.failed == {"wrapper_leak": 1}  # ball 8, which is no better by itself
    choices = [choices for _, choices, *_ in texts(summary).values() if choices]
    assert choices == [["a ballˈger", "a cupˈger", "anˈger umbrellaˈger"]]


def test_a_record_is_explained_with_the_answer_to_the_whole_of_it_or_with_its_segments(recipe_file, run, tmp_path):
    with StandIn({"ball 1?": ["broken"] * 2}) as server:
        summary = run(recipe(recipe_file, server, max_failed=1.0))
    rows = pl.read_parquet(summary.dataset / "data" / "deu_Latn" / "*.parquet").to_dicts()
    asked = {}
    for number in (1, 2):
        (record,) = [row["record_id"] for row in rows if f"ball {number}?" in row["source_messages"][0]["content"]]
        found = explain(summary.dataset.parent, record, ProgressReport(), memory=str(tmp_path / "memory"))
        assert found.notes == []
        asked[number] = [(one.where, one.entries[0]["failure"]) for one in found.segments]
    assert asked[1][:2] == [("whole record", "failed:broken_json"), ("turn 0", None)]
    assert asked[2] == [("whole record", None), *[("back-translation", None)] * (len(asked[2]) - 1)]
    assert len(asked[2]) > 1


def test_a_language_that_is_asked_in_segments_is_explained_by_them_whatever_else_the_memory_knows(
    recipe_file, run, tmp_path
):
    with StandIn() as server:
        run(recipe(recipe_file, server), out="whole")
        routed = {"languages": {"deu_Latn": engine(server, mode="segment")}}
        languages = ["deu_Latn", "fra_Latn"]
        summary = run(recipe_file(translate=engine(server), routing=routed, languages=languages), out="alone")
    rows = pl.read_parquet(summary.dataset / "data" / "deu_Latn" / "*.parquet").to_dicts()
    (record,) = [row["record_id"] for row in rows if "ball 2?" in row["source_messages"][0]["content"]]
    found = explain(summary.dataset.parent, record, ProgressReport(), memory=str(tmp_path / "memory"))
    assert [one.where for one in found.segments][:2] == ["turn 0", "answer"]


def test_built_again_nothing_is_asked(recipe_file, run):
    with StandIn() as server:
        first = run(recipe(recipe_file, server))
        asked = sum(server.seen.values())
        again = run(recipe(recipe_file, server), out="again")
        assert sum(server.seen.values()) == asked
    assert texts(first) == texts(again)


def test_what_people_corrected_counts_in_whole_records_too(recipe_file, run, tmp_path):
    from glotmill.engine.memory.entries import MEMORY_SCHEMA, Direction
    from glotmill.engine.memory.translations import Memory
    from glotmill.engine.storage.folder import Folder
    from glotmill.engine.translation.keyed_requests import with_keys

    with StandIn() as server:
        rows = with_keys(
            Direction("eng_Latn", "deu_Latn"), pl.DataFrame({"text": ["What is the man holding in his hand?"]}), "human"
        ).rename({"text": "request"})
        entry = rows.with_columns(text=pl.lit("Was hält der Mann in der Hand?"), origin=pl.lit("human"))
        empty = [pl.lit(None).alias(name) for name in MEMORY_SCHEMA.names if name not in entry.columns]
        entry = entry.with_columns(empty)
        Memory(Folder(tmp_path / "memory")).correct(entry.select(MEMORY_SCHEMA.names).to_arrow().cast(MEMORY_SCHEMA))
        summary = run(recipe(recipe_file, server))
    assert "Was hält der Mann in der Hand?" in [
        m[0]["content"].removeprefix("<image>\n") for m, *_ in texts(summary).values()
    ]


def test_a_plan_counts_records_as_calls_and_a_built_dataset_needs_none(recipe_file, run, tmp_path):
    with StandIn() as server:
        path = recipe(recipe_file, server)
        loaded = load_recipe(str(path))

        def plan():
            return make_plan(prepare(loaded, out=tmp_path / "out"), ProgressReport())

        before = plan()
        summary = run(path)
        assert before.calls == summary.records.requested + summary.segments.unique
        after = plan()
        assert (after.calls, after.changes) == (0, [])
        # Another memory file of another build: the samples are looked at again, and found translated.
        run(recipe(recipe_file, server, mode="segment"), out="other")
        assert plan().calls == 0
        assert [change.action for change in plan().shards] == ["reuse"]
