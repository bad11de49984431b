from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.stages.splits import SPLIT_ROWS, assign_splits
from recipes.mix import Splits


def rows(*images: list[str], parents: dict[int, str] | None = None) -> pl.DataFrame:
    table = [(f"s{i}", of, (parents or {}).get(i)) for i, of in enumerate(images)]
    return pl.DataFrame(table, schema=SPLIT_ROWS, orient="row")


HALF = Splits(validation=0.25, test=0.25)


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=3), max_size=20))
def test_no_image_stands_in_two_splits(images: list[list[str]]):
    found = assign_splits(rows(*images), HALF).to_list()
    where: dict[str, set[str]] = {}
    for of, split in zip(images, found, strict=True):
        for image in of:
            where.setdefault(image, set()).add(split)
    assert all(len(splits) == 1 for splits in where.values())


def test_shares_are_met_closely_on_many_images():
    found = assign_splits(rows(*([str(i)] for i in range(20_000))), Splits(validation=0.01, test=0.1))
    counts = dict(found.value_counts().iter_rows())
    assert abs(counts["validation"] - 200) < 60
    assert abs(counts["test"] - 2000) < 180


def test_a_recorded_split_stays_and_rows_of_its_image_join_it():
    table = rows(["a"], ["a"], ["b"])
    for recorded in ("train", "validation", "test"):
        held = pl.DataFrame({"source_id": ["s1"], "split": [recorded]})
        found = assign_splits(table, HALF, held)
        assert found[:2].to_list() == [recorded] * 2


def test_a_derived_row_without_an_image_goes_with_its_parent():
    for seed in range(20):
        splits = Splits(validation=0.5, seed=seed)
        found = assign_splits(rows(["a"], [], [], [], parents={1: "s0", 3: "s2"}), splits)
        assert found[0] == found[1]
        assert found[2] == found[3]


def test_rows_can_be_drawn_for_themselves():
    found = assign_splits(rows(*([["a"]] * 200)), Splits(validation=0.5, by="source_id"))
    assert set(found) == {"train", "validation"}


def test_without_shares_all_is_train():
    assert assign_splits(rows(["a"], []), Splits()).to_list() == ["train", "train"]


def test_an_image_pair_that_ties_two_splits_together_moves_neither():
    held = pl.DataFrame({"source_id": ["s0", "s1"], "split": ["train", "validation"]})
    found = assign_splits(rows(["a"], ["b"], ["a", "b"]), HALF, held)
    assert found[:2].to_list() == ["train", "validation"]
    assert found[2] in ("train", "validation")
