from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.samples.splits import HELD_SPLITS, SPLIT_ROWS, assign_splits
from glotmill.recipes.sections.mix import Splits
from glotmill.schemas.errors import InputError


def rows(*images: list[str], parents: dict[int, str] | None = None) -> pl.DataFrame:
    table = [(f"s{i}", of, (parents or {}).get(i)) for i, of in enumerate(images)]
    return pl.DataFrame(table, schema=SPLIT_ROWS, orient="row")


def record(*rows: tuple[str, str, list[str]], stays: bool = True) -> pl.DataFrame:
    return pl.DataFrame([(*row, stays) for row in rows], schema=HELD_SPLITS, orient="row")


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
        held = record(("s1", recorded, ["a"]))
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
    held = record(("s0", "train", ["a"]), ("s1", "validation", ["b"]))
    found = assign_splits(rows(["a"], ["b"], ["a", "b"]), HALF, held)
    assert found[:2].to_list() == ["train", "validation"]
    assert found[2] in ("train", "validation")


def test_a_tie_that_the_build_before_made_moves_nobody_later():
    held = record(("s0", "train", ["a"]), ("s1", "validation", ["b"]), ("s2", "train", ["a", "b"]))
    found = assign_splits(rows(["a"], ["b"], ["a", "b"], ["c"]), HALF, held)
    assert found[:3].to_list() == ["train", "validation", "train"]


def test_a_picture_is_drawn_by_its_key_whatever_else_it_is_called():
    """So that two datasets with the same seed hold out the same pictures."""
    for number in range(50):
        key, sha, address = f"coco:{number:012}", f"sha256:{number}", f"uri:{number}"
        alone = assign_splits(rows([key]), HALF)[0]
        assert assign_splits(rows([key, sha], [sha], [address, sha]), HALF).to_list() == [alone] * 3


NAMES = (["coco:000000000001"], ["coco:000000000001"], ["other"])
TWO_NAMES = [("s0", "train", ["uri:2014"]), ("s1", "test", ["uri:2017"]), ("s2", "validation", ["other"])]


def test_published_rows_in_two_splits_that_show_one_picture_are_refused():
    expected = r"^splits: several splits .* \(1, such as coco:000000000001\), .* --compact$"
    with pytest.raises(InputError, match=expected):
        assign_splits(rows(*NAMES), HALF, record(*TWO_NAMES))


def test_rows_that_do_not_stay_come_together_in_the_held_out_split_and_others_keep_theirs():
    found = assign_splits(rows(*NAMES), HALF, record(*TWO_NAMES, stays=False))
    assert found.to_list() == ["test", "test", "validation"]


def test_a_row_that_is_not_published_joins_the_published_ones():
    held = pl.concat([record(*TWO_NAMES[:1]), record(*TWO_NAMES[1:], stays=False)])
    assert assign_splits(rows(*NAMES), HALF, held).to_list() == ["train", "train", "validation"]


def test_a_row_without_a_picture_follows_its_parent_into_another_split():
    held = record(*TWO_NAMES, ("s3", "train", []), stays=False)
    found = assign_splits(rows(*NAMES, [], parents={3: "s0"}), HALF, held)
    assert found.to_list() == ["test", "test", "validation", "test"]


def test_rows_drawn_for_themselves_are_not_brought_together():
    alone = Splits(validation=0.25, test=0.25, by="source_id")
    assert assign_splits(rows(*NAMES), alone, record(*TWO_NAMES)).to_list() == ["train", "test", "validation"]
