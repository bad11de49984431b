"""Golden values: these never change within a schema version."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.schemas import keys


def test_canonical_json_sorts_keys_and_leaves_no_spaces():
    assert keys.canonical_json({"b": [1, None, True], "a": "ü"}) == '{"a":"ü","b":[1,null,true]}'.encode()


def test_canonical_json_is_the_same_for_composed_and_decomposed_text():
    composed = unicodedata.normalize("NFC", "Köln")
    assert keys.canonical_json(composed) == keys.canonical_json(unicodedata.normalize("NFD", composed))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes"])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        keys.digest(value)


def test_source_id_is_golden():
    assert keys.source_id("coco_captions", "2017", "val2017", "38") == "s1:004a6a667cdbc91dd708532e48a9cbc5"


def test_record_id_is_golden():
    assert keys.record_id("s1:0", "deu_Latn", "caption") == "r1:72ccaa6b2b4bc54d19784abe1c6ca647"


def test_memory_key_is_golden_and_equals_the_digest_of_its_parts():
    key = keys.memory_key("f" * 32, "eng_Latn", "deu_Latn", "A dog.")
    assert key == keys.digest(["f" * 32, "eng_Latn", "deu_Latn", "A dog."])
    assert key == "e72deaf343fed455508f7889ccb99081"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(TEXTS))
def test_a_column_in_nfc_is_each_text_in_nfc(texts: list[str]):
    column = pl.Series("text", texts, dtype=pl.String)
    assert keys.in_nfc(column).to_list() == [unicodedata.normalize("NFC", text) for text in texts]


@given(st.lists(TEXTS))
def test_memory_keys_equal_the_digest_of_their_parts_for_any_text(texts):
    expected = [keys.digest(["t", "a", "b", text]) for text in texts]
    assert [keys.memory_key("t", "a", "b", text) for text in texts] == expected
    assert keys.memory_keys("t", "a", "b", pl.Series(texts, dtype=pl.String)).to_list() == expected


@pytest.mark.parametrize(("bound", "most", "slices"), [("ROWS_AT_ONCE", 4, 5), ("TEXT_AT_ONCE", 17, 3)])
def test_keys_are_the_same_however_many_rows_are_hashed_at_once(monkeypatch, bound: str, most: int, slices: int):
    texts = pl.DataFrame({"text": ['a "dog"', "Ko\u0308ln", None, "\x00\\", "", "ß"] * 3})
    whole = keys.score_keys("t", texts).to_list()
    monkeypatch.setattr(keys, bound, most)
    hashed, sizes = keys._slice_digests, []
    monkeypatch.setattr(
        keys, "_slice_digests", lambda head, rows, tail: sizes.append(len(rows)) or hashed(head, rows, tail)
    )
    assert keys.score_keys("t", texts).to_list() == whole
    assert len(sizes) == slices
    assert whole[:6] == [keys.digest(["t", ["text"], [text]]) for text in texts["text"][:6]]


@given(st.lists(st.tuples(*[st.none() | st.sampled_from(["a", "b", "ü"])] * 3), max_size=4))
def test_columns_of_one_value_alone_change_no_key(rows):
    names = ["source_lang", "target_lang", "text"]
    pairs = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    assert keys.score_keys("t", pairs).to_list() == [keys.digest(["t", names, list(row)]) for row in rows]


@pytest.mark.parametrize("code", [*range(0x100), 0x2028, 0xFEFF, 0xFFFF, 0x1F600])
def test_every_character_has_the_key_that_json_gives_it(code):
    text = f"a{chr(code)}b"
    assert keys.memory_keys("t", "a", "b", pl.Series([text])).item() == keys.digest(["t", "a", "b", text])


@pytest.mark.parametrize(
    "number", [st.none() | st.integers(-(2**63), 2**63 - 1), st.booleans(), st.sampled_from([0.1, 1e16])]
)
@given(data=st.data())
def test_score_keys_equal_the_digest_of_their_parts_for_any_pair(number, data):
    rows = data.draw(st.lists(st.tuples(TEXTS, TEXTS, number), max_size=3))
    pairs = pl.DataFrame(rows, schema=["source", "target", "value"], orient="row")
    expected = [keys.digest(["t", ["source", "target", "value"], list(row)]) for row in rows]
    assert keys.score_keys("t", pairs).to_list() == expected


def test_memory_keys_differ_by_translator_direction_and_text():
    seen = {
        *keys.memory_keys("t", "eng_Latn", "deu_Latn", pl.Series(["a", "b"])),
        *keys.memory_keys("u", "eng_Latn", "deu_Latn", pl.Series(["a"])),
        *keys.memory_keys("t", "deu_Latn", "eng_Latn", pl.Series(["a"])),
    }
    assert len(seen) == 4


def test_source_hash_sees_every_change_of_a_sample():
    base = ([("user", "q"), ("assistant", "a")], ["a", "b"], 0, ["a"], ["uri:1"])
    changed = [
        ([("user", "q"), ("assistant", "b")], *base[1:]),
        (base[0], ["b", "a"], *base[2:]),
        (*base[:2], 1, *base[3:]),
        (*base[:3], ["a", "a"], base[4]),
        (*base[:4], ["uri:2"]),
    ]
    assert len({keys.source_hash(*item) for item in (base, *changed)}) == 6


def test_source_hash_and_content_hash_are_golden():
    turns = [("user", "<image>"), ("assistant", "A dog.")]
    assert keys.source_hash(turns, None, None, None, ["uri:0"]) == "097452257cdfe0fdd12c61f5b12da4d9"
    assert keys.content_hash(turns, None, None) == "3d3f0ba14f42a57fa6fa307e6c303e3b"


def test_image_id_of_an_unseen_image_is_the_hash_of_its_uri():
    assert keys.image_id("a.jpg") == "uri:" + keys.bytes_sha256(b"a.jpg")


@given(
    ids=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS),
    turns=st.lists(st.tuples(TEXTS, TEXTS), max_size=3),
    several=st.none() | st.lists(TEXTS, max_size=3),
    index=st.none() | st.integers(0, 9),
)
def test_what_identifies_a_sample_is_the_digest_of_its_parts_for_any_text(ids, turns, several, index):
    assert keys.source_id(*ids) == "s1:" + keys.digest(list(ids))
    expected = keys.digest([turns, several, index, several, several or []])
    assert keys.source_hash(turns, several, index, several, several or []) == expected


def test_source_hash_is_the_same_for_composed_and_decomposed_text():
    composed, decomposed = (unicodedata.normalize(form, "Köln") for form in ("NFC", "NFD"))
    assert composed != decomposed
    hashes = {keys.source_hash([("user", text)], None, None, [text], [text]) for text in (composed, decomposed)}
    assert len(hashes) == 1


cells = st.tuples(
    st.none() | st.text(max_size=8) | st.sampled_from(["e\u0301", "\x7f", '\x01"\\', "\u2028"]),
    st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False) | st.sampled_from([-1e-05, 0.0, -0.0, 1e16]),
    st.none() | st.integers(-5, 5),
    st.none() | st.booleans(),
)


@given(st.lists(cells, max_size=5))
def test_rows_of_a_frame_are_written_as_canonical_json(rows):
    schema = {"text": pl.String, "number": pl.Float32, "whole": pl.Int32, "true": pl.Boolean}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    assert keys.canonical_rows("deu_Latn", frame) == keys.canonical_json(["deu_Latn", frame.rows()])
