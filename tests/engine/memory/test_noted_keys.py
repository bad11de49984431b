from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.memory import noted_keys
from glotmill.engine.memory.noted_keys import NotedKeys

KEYS = st.lists(st.sampled_from("abcdef"), max_size=4)


@given(st.lists(KEYS, max_size=5), KEYS)
def test_a_file_has_some_keys_or_it_has_none(files: list[list[str]], asked: list[str]):
    noted = NotedKeys()
    for number, keys in enumerate(files):
        noted.note(str(number), pl.Series(keys, dtype=pl.String))
    expected = {str(number): not set(keys).isdisjoint(asked) for number, keys in enumerate(files)}
    assert noted.having(pl.Series(asked, dtype=pl.String)) == expected


def test_of_more_keys_than_there_is_room_for_those_of_the_last_files_are_noted(monkeypatch):
    monkeypatch.setattr(noted_keys, "MOST_NOTED", 5)
    noted = NotedKeys()
    for name, keys in (("first", ["a", "b"]), ("second", ["c", "d"]), ("third", ["e", "f"])):
        noted.note(name, pl.Series(keys))
    assert noted.having(pl.Series(["a", "e"])) == {"second": False, "third": True}
