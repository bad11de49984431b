from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from glotmill.schemas.errors import SchemaError
from glotmill.schemas.record import Metric, record_schema
from glotmill.schemas.record_rules import validate

METRIC = Metric("nmt", "logprob", "higher", None, 0, "")
SCHEMA = record_schema([METRIC])


def record(**changes: Any) -> dict[str, Any]:
    row = {
        "record_id": "r1:0", "source_id": "s1:0", "source_hash": "h",
        "source": dict.fromkeys(("dataset", "revision", "config", "split", "row_id", "url"), "x"),
        "license": "mit", "task": "vqa_open", "template_id": None, "lang": "deu_Latn", "lang_bcp47": "de",
        "source_lang": "eng_Latn",
        "image_refs": [{"image_id": "uri:0", "uri": "a.jpg", "width": None, "height": None, "mime": None}],
        "image_keys": ["uri:0"],
        "source_messages": [{"role": "user", "content": "<image>\nWhat?"}, {"role": "assistant", "content": "ball"}],
        "source_choices": None, "source_answers": ["ball"], "row_status": "ok",
        "messages": [{"role": "user", "content": "<image>\nWas?"}, {"role": "assistant", "content": "Ball"}],
        "turn_langs": ["deu_Latn", "deu_Latn"], "instruction_langs": ["eng_Latn", None],
        "slot_langs": [{"turn": 0, "slot": "question", "lang": "deu_Latn"}], "choices": None, "choice_langs": None,
        "answer_index": None, "answers": ["Ball"], "answer_langs": ["deu_Latn"],
        "content_hash": "c",
        "mt": {"engines": ["nllb"], "models": ["m"], "params_hash": "p", "copied_fields": []},
        "back_messages": None, "score_nmt_logprob": -0.5, "turn_nmt_logprob": [-0.5, None], "scores_skipped": [],
        "keep": True, "filter_reasons": [],
    }  # fmt: skip
    return {**row, **changes}


FAILED = {
    "row_status": "failed", "messages": None, "turn_langs": None, "instruction_langs": None, "slot_langs": None,
    "answers": None, "answer_langs": None, "content_hash": None, "mt": None,
    "keep": False, "filter_reasons": ["source_too_long"], "score_nmt_logprob": None, "turn_nmt_logprob": None,
}  # fmt: skip


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def test_columns_and_their_order_are_golden():
    assert SCHEMA.names == [
        "record_id", "source_id", "source_hash", "source", "license", "task", "template_id", "lang", "lang_bcp47",
        "source_lang", "image_refs", "image_keys", "source_messages", "source_choices", "source_answers", "row_status",
        "messages", "turn_langs", "instruction_langs", "slot_langs", "choices", "choice_langs", "answer_index",
        "answers", "answer_langs", "content_hash", "mt", "back_messages",
        "score_nmt_logprob", "turn_nmt_logprob", "scores_skipped", "keep", "filter_reasons",
    ]  # fmt: skip


def test_types_are_golden():
    assert str(SCHEMA.field("mt").type) == (
        "struct<engines: list<item: string>, models: list<item: string>, params_hash: string, "
        "copied_fields: list<item: string>>"
    )
    assert str(SCHEMA.field("messages").type) == "list<item: struct<role: string, content: string>>"
    assert SCHEMA.field("answer_index").type == pa.int32()
    assert SCHEMA.field("score_nmt_logprob").type == pa.float32()
    assert SCHEMA.field("turn_nmt_logprob").type == pa.list_(pa.float32())
    assert all(field.nullable for field in SCHEMA)


def test_the_first_version_has_no_keys_of_pictures():
    old = record_schema([METRIC], 1)
    assert "image_keys" in SCHEMA.names
    assert "image_keys" not in old.names
    validate(pa.Table.from_pylist([record()], schema=old), old)


def test_sound_rows_pass():
    validate(table(record(), record(**FAILED)), SCHEMA)
    validate(table(record(slot_langs=[])), SCHEMA)


def test_a_row_that_is_older_than_a_column_passes():
    validate(
        table(record(**dict.fromkeys(("instruction_langs", "slot_langs", "choice_langs", "answer_langs")))), SCHEMA
    )


@pytest.mark.parametrize(
    ("changes", "column", "rule"),
    [
        ({"record_id": None}, "record_id", "null"),
        ({"task": "poem"}, "task", "one of"),
        ({"lang": "deu"}, "lang", "FLORES"),
        ({"image_keys": None}, "image_keys", "null"),
        ({"image_keys": ["a", "b"]}, "image_keys", "as many as image_refs"),
        ({"row_status": "maybe"}, "row_status", "ok or failed"),
        ({"messages": None}, "messages", "null"),
        ({**FAILED, "messages": record()["messages"]}, "messages", "null"),
        ({"messages": record()["messages"][:1]}, "messages", "as many turns"),
        ({"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "B"}]}, "messages", "marker"),
        ({"messages": [{"role": "user", "content": "<image>"}, {"role": "user", "content": "B"}]}, "messages", "roles"),
        ({"turn_langs": ["deu_Latn"]}, "turn_langs", "entry a turn"),
        ({"instruction_langs": ["eng_Latn"]}, "instruction_langs", "entry a turn"),
        ({"slot_langs": [{"turn": 2, "slot": "question", "lang": None}]}, "slot_langs", "turns of the record"),
        ({"answer_langs": ["deu_Latn", None]}, "answer_langs", "entry an answer"),
        ({"choice_langs": ["deu_Latn"]}, "choice_langs", "entry an option"),
        ({"answers": None}, "answers", "as many"),
        ({"answers": ["a", "b"]}, "answers", "as many"),
        ({"choices": ["a"], "answer_index": 1, "source_choices": ["a"]}, "answer_index", "position"),
        ({**FAILED, "keep": True}, "keep", "failed"),
        ({**FAILED, "filter_reasons": []}, "filter_reasons", "reason"),
        ({"turn_nmt_logprob": [-0.5]}, "turn_nmt_logprob", "entry a turn"),
        ({"back_messages": record()["messages"][:1]}, "back_messages", "entry a turn"),
        ({"answer_index": -1}, "answer_index", "position"),
        ({"source": {**record()["source"], "split": None}}, "source", "no null in its split"),
        ({"image_refs": [None]}, "image_refs", "no null in its items"),
        ({"image_refs": [{**record()["image_refs"][0], "uri": None}]}, "image_refs", "no null in its uri"),
        ({"source_messages": [*record()["source_messages"][:1], None]}, "messages", "roles"),
        ({"filter_reasons": ["x", None]}, "filter_reasons", "no null in its items"),
        ({"scores_skipped": [None]}, "scores_skipped", "no null in its items"),
    ],
)  # fmt: skip
def test_a_broken_rule_names_column_row_and_rule(changes: dict[str, Any], column: str, rule: str):
    with pytest.raises(SchemaError, match=rf"column {column}, row 1 .*{rule}"):
        validate(table(record(), record(**changes)), SCHEMA)


def test_another_schema_is_refused_with_the_columns_that_differ():
    other = table(record()).drop_columns(["template_id"])
    with pytest.raises(SchemaError, match="template_id"):
        validate(other, SCHEMA)
