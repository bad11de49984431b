from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from glotmill.schemas.errors import RowError
from glotmill.schemas.keys import image_id
from glotmill.schemas.picture_pattern import picture_pattern
from glotmill.schemas.sample import SAMPLE_SCHEMA, Image, Origin, Sample, sample_row
from glotmill.schemas.sample_checks import check

CAPTION = Sample(
    row_id="7",
    task="caption",
    messages=(("user", "<image>"), ("assistant", "A dog.")),
    images=(Image(image_id("a.jpg"), "a.jpg"),),
)
CHOICE = Sample(
    row_id="8",
    task="vqa_mc",
    messages=(("user", "Which?"), ("assistant", "b")),
    choices=("a", "b"),
    answer_index=1,
    answers=("b",),
)


@pytest.mark.parametrize("sample", [CAPTION, CHOICE])
def test_a_sound_sample_passes(sample: Sample):
    check(sample)


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (replace(CAPTION, row_id=""), "empty_row_id"),
        (replace(CAPTION, task="poem"), "unknown_task"),
        (replace(CAPTION, images=()), "image_marker_count"),
        (replace(CAPTION, messages=(("user", "x"), ("assistant", "y <image>"))), "image_marker_outside_user_turn"),
        (replace(CAPTION, messages=(("user", "<image>"), ("robot", "A dog."))), "unknown_role"),
        (replace(CAPTION, messages=(("user", "<image>"), ("assistant", " \n"))), "empty_text.messages"),
        (replace(CAPTION, messages=(("user", "<image>"),)), "no_assistant_turn"),
        (replace(CAPTION, messages=(("user", "<image>"), ("assistant", "\ud800"))), "bad_unicode"),
        (replace(CHOICE, choices=("a",)), "bad_choices"),
        (replace(CHOICE, choices=("b", "b")), "bad_choices"),
        (replace(CHOICE, answer_index=2), "bad_answer_index"),
        (replace(CHOICE, answer_index=None), "bad_answer_index"),
        (replace(CHOICE, answer_index=0), "answer_is_not_the_choice"),
        (replace(CHOICE, choices=None), "answer_index_without_choices"),
        (replace(CHOICE, answers=()), "empty_list.answers"),
        (replace(CHOICE, answers=("b", " ")), "empty_text.answers"),
    ],
)
def test_an_unsound_sample_is_refused_with_its_reason(sample: Sample, reason: str):
    with pytest.raises(RowError) as caught:
        check(sample)
    assert caught.value.reason == reason


def test_a_row_has_the_first_columns_of_the_schema_in_order():
    row = sample_row(CAPTION, Origin("d", "r", "c", "s", "cc0-1.0"), "eng_Latn")
    assert [*row] == SAMPLE_SCHEMA.names[: len(row)]
    table = pa.Table.from_pylist([{**row, "langs": ["deu_Latn"]}], schema=SAMPLE_SCHEMA)
    assert table.to_pylist()[0]["source"]["row_id"] == "7"


def test_a_row_has_the_key_of_each_of_its_pictures_and_ids_and_hashes_do_not_depend_on_it():
    images = (Image("uri:1", "val2017/000000000001.jpg"), Image("uri:2", "vg/7.jpg"))
    sample = replace(CAPTION, messages=(("user", "<image><image>"), ("assistant", "Dogs.")), images=images)
    origin = Origin("d", "r", "c", "s", "mit")
    plain = sample_row(sample, origin, "eng_Latn")
    named = sample_row(sample, origin, "eng_Latn", picture_pattern(r"vg/(?P<vg>\d+)"))
    assert plain["image_keys"] == ["coco:000000000001", "uri:2"]
    assert named["image_keys"] == ["coco:000000000001", "vg:7"]
    changed = {name for name in plain if plain[name] != named[name]}
    assert changed == {"image_keys"}


def test_the_identity_of_a_row_holds_nothing_of_its_text_or_revision():
    old = sample_row(CAPTION, Origin("d", "r1", "c", "s", "cc0-1.0"), "eng_Latn")
    changed = replace(CAPTION, messages=(("user", "<image>"), ("assistant", "A cat.")))
    new = sample_row(changed, Origin("d", "r2", "c", "s", "mit"), "eng_Latn")
    assert old["source_id"] == new["source_id"]
    assert old["source_hash"] != new["source_hash"]
