"""The compact protocol: what is read is written back with the same bytes, and what is no struct is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thrift.Thrift import TType

from glotmill.engine.storage.thrift import read_struct, write_struct

WIDTHS = {TType.I16: 15, TType.I32: 31, TType.I64: 63}
numbers = st.sampled_from(sorted(WIDTHS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.integers(-(2 ** WIDTHS[kind]), 2 ** WIDTHS[kind] - 1))
)
leaves = st.one_of(
    numbers, st.tuples(st.just(TType.STRING), st.binary()), st.tuples(st.just(TType.BOOL), st.booleans())
)
lists = st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20).map(lambda values: (TType.LIST, (TType.I32, values)))


def structs(values):
    return st.dictionaries(st.integers(1, 300), values, max_size=5).map(lambda s: dict(sorted(s.items())))


trees = st.recursive(
    structs(leaves | lists),
    lambda inner: structs(
        inner.map(lambda s: (TType.STRUCT, s))
        | st.lists(inner, max_size=18).map(lambda v: (TType.LIST, (TType.STRUCT, v)))
    ),
)


@settings(max_examples=40)
@given(trees)
def test_a_struct_is_read_as_it_was_written(struct):
    assert read_struct(write_struct(struct)) == struct


@settings(max_examples=40)
@given(trees.filter(bool), st.data())
def test_a_struct_that_ends_too_early_is_an_error(struct, data):
    whole = write_struct(struct)
    with pytest.raises(ValueError, match="truncated"):
        read_struct(whole[: data.draw(st.integers(0, len(whole) - 1))])


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_junk_is_an_error_or_a_struct_and_nothing_else(junk):
    with suppress(ValueError):
        read_struct(junk)


def test_numbers_are_as_the_protocol_says():
    # Field 1 (head 0x15: delta 1, type 5), zigzag of -1 is 1; field 20 (delta 19 does not fit: type, then the number).
    data = bytes([0x15, 1, 0x06, 40, 0xAC, 0x02, 0])
    assert write_struct({1: (TType.I32, -1), 20: (TType.I64, 150)}) == data


def test_a_map_which_parquet_has_not_is_an_error():
    with pytest.raises(ValueError, match="type 13"):
        read_struct(bytes([0x1B, 0, 0]))


def test_a_struct_nested_without_end_is_an_error():
    with pytest.raises(ValueError, match=r"RecursionError|truncated"):
        read_struct(bytes([0x1C]) * 100_000)
