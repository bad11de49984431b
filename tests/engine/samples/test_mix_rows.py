"""A mix looks at a few bytes of each row, and gives each row the place of a list."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

from glotmill.engine.samples.mix_rows import MixRows, RowLanguages, mix_rows
from glotmill.schemas.keys import ranks

IDS = pl.Series("source_id", ["s1:" + hashlib.sha256(str(n).encode()).hexdigest()[:32] for n in range(40)])


def rows_in(portions: int) -> MixRows:
    frame = pl.DataFrame(
        {
            "source_id": IDS,
            "task": ["caption", "vqa_open"] * 20,
            "only": [None, ["fra_Latn", "deu_Latn"], ["deu_Latn", "fra_Latn"], ["ces_Latn"]] * 10,
        },
        schema_overrides={"only": pl.List(pl.String)},
    )
    return mix_rows(frame.iter_slices(-(-40 // portions)), 7, ["vqa_open"], lambda: IDS)


def test_rows_are_the_same_in_one_portion_and_in_several():
    whole, parted = rows_in(1), rows_in(6)
    assert whole.kinds == parted.kinds == [
        ("", None), ("vqa_open", "deu_Latn fra_Latn"), ("", "deu_Latn fra_Latn"), ("vqa_open", "ces_Latn")
    ]  # fmt: skip
    assert whole.kind.tolist() == parted.kind.tolist() == [0, 1, 2, 3] * 10
    assert whole.rank.tolist() == parted.rank.tolist() == ranks(7, IDS).to_list()
    assert whole.rank.nbytes + whole.kind.nbytes == 12 * 40


def test_rows_of_one_rank_are_ordered_by_their_ids():
    rank = np.array([5, 3, 5, 3], dtype=np.uint64)
    ids = pl.Series(["d", "c", "b", "a"])
    rows = MixRows(rank, np.zeros(4, dtype=np.uint32), [("", None)], lambda: ids)
    assert rows.order().tolist() == [3, 1, 2, 0]


def test_languages_are_few_lists_and_a_place_for_each_row():
    one = RowLanguages.of_lists([["deu_Latn"], []], np.array([0, 1, 0]))
    other = RowLanguages.of_lists([["deu_Latn", "fra_Latn"]], np.array([0, 0]))
    both = RowLanguages.together([one, other])
    assert both.all.to_list() == [["deu_Latn"], [], ["deu_Latn"], *[["deu_Latn", "fra_Latn"]] * 2]
    assert both.slice(1, 2).to_list() == [[], ["deu_Latn"]]
    assert both.rows() == {"deu_Latn": 4, "": 1, "fra_Latn": 2}
    assert one.in_order(np.array([2, 0, 1])).all.to_list() == [[], ["deu_Latn"], ["deu_Latn"]]
