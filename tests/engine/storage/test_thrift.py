"""The compact protocol: what is read is written back with the same bytes, and what is no struct is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glotmill.engine.storage.thrift import BINARY, FALSE, I16, I32, I64, LIST, STRUCT, TRUE, CompactReader, write_struct

numbers = st.tuples(st.sampled_from([I16, I32, I64]), st.integers(-(2**63), 2**63 - 1))
leaves = st.one_of(
    numbers, st.tuples(st.just(BINARY), st.binary()), st.tuples(st.sampled_from([TRUE, FALSE]), st.none())
)
lists = st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20).map(lambda values: (LIST, (I32, values)))


def structs(values):
    return st.dictionaries(st.integers(1, 300), values, max_size=5).map(lambda s: dict(sorted(s.items())))


trees = st.recursive(
    structs(leaves | lists),
    lambda inner: structs(
        inner.map(lambda s: (STRUCT, s)) | st.lists(inner, max_size=18).map(lambda v: (LIST, (STRUCT, v)))
    ),
)


@settings(max_examples=40)
@given(trees)
def test_a_struct_is_read_as_it_was_written(struct):
    data = write_struct(struct)
    reader = CompactReader(b"before" + data, 6)
    assert reader.struct() == struct
    assert reader.at == 6 + len(data)


@settings(max_examples=40)
@given(trees.filter(bool), st.data())
def test_a_struct_that_ends_too_early_is_an_error(struct, data):
    whole = write_struct(struct)
    with pytest.raises(ValueError, match="ends before its end"):
        CompactReader(whole[: data.draw(st.integers(0, len(whole) - 1))]).struct()


def test_numbers_are_as_the_protocol_says():
    # Field 1 (head 0x15: delta 1, type 5), zigzag of -1 is 1; field 20 (delta 19 does not fit: type, then the number).
    assert write_struct({1: (I32, -1), 20: (I64, 150)}) == bytes([0x15, 1, 0x06, 40, 0xAC, 0x02, 0])


def test_a_map_which_parquet_has_not_is_an_error():
    with pytest.raises(ValueError, match="type 11"):
        CompactReader(bytes([0x1B, 0, 0])).struct()
