from __future__ import annotations

import hashlib

import polars as pl

from glotmill.engine.samples.tasks.shared.hard_negatives import NegativeRule, hard_negatives

THINGS = ("dog", "cat", "horse", "train", "man", "girl", "boat", "bird")
PLACES = ("on the grass", "near the beach", "in the snow", "under a bridge", "on a table")


def captions() -> pl.DataFrame:
    rows = []
    for i, (thing, place) in enumerate((t, p) for t in THINGS for p in PLACES):
        for j, text in enumerate((f"A {thing} stands {place}.", f"One {thing} is {place}")):
            rows.append(("s1:" + hashlib.sha256(f"{i} {j}".encode()).hexdigest()[:32], f"image{i}", text, True))
    return pl.DataFrame(rows, schema=["source_id", "image", "text", "negative"], orient="row")


def rule(**keys) -> NegativeRule:
    usual = {"seed": 0, "ranks": (3, 10, 30, 100, 300), "random_share": 1 / 6, "ceiling": 0.8, "pool": 20_000}
    return NegativeRule(**{**usual, **keys})


def test_a_negative_is_another_images_caption_with_another_text():
    table = captions()
    image = dict(table.select("source_id", "image").iter_rows())
    text = dict(table.select("source_id", "text").iter_rows())
    found = hard_negatives(table, rule())
    assert len(found) == table.height
    for source_id, negative in found.items():
        assert image[negative.source_id] != image[source_id]
        assert negative.text == text[negative.source_id]
        assert negative.text.lower().strip(" .") != text[source_id].lower().strip(" .")


def test_no_negative_is_as_similar_as_the_ceiling():
    table = captions()
    for ceiling in (0.3, 0.8):
        found = hard_negatives(table, rule(ceiling=ceiling, ranks=[1], random_share=0))
        assert found
        assert all(negative.similarity < ceiling for negative in found.values())


def test_low_ranks_are_more_similar_than_random_ones():
    table = captions()

    def mean(**keys) -> float:
        found = hard_negatives(table, rule(ceiling=1, **keys))
        return sum(negative.similarity for negative in found.values()) / len(found)

    hard, harder, random = mean(ranks=[20], random_share=0), mean(ranks=[1], random_share=0), mean(random_share=1)
    assert random < hard < harder


def test_the_order_of_captions_does_not_matter():
    table = captions()
    assert hard_negatives(table, rule()) == hard_negatives(table.reverse(), rule())


def test_pools_bound_who_is_compared_with_whom():
    found = hard_negatives(captions(), rule(pool=4))
    assert 0 < len(found) <= 80


def test_captions_of_a_single_image_have_no_negative():
    table = captions().with_columns(image=pl.lit("one"))
    assert hard_negatives(table, rule()) == {}
