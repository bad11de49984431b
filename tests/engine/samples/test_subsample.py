from __future__ import annotations

import hashlib

import polars as pl

from glotmill.engine.samples.subsample import balanced, thinned
from glotmill.recipes.sections.clean import Clusters, NounPhrases


def ids(count: int) -> pl.Series:
    return pl.Series([f"s1:{hashlib.sha256(str(i).encode()).hexdigest()[:32]}" for i in range(count)])


def spec(**keys) -> NounPhrases:
    return NounPhrases(step="noun_phrases", sources=("s",), **keys)


def test_rare_phrases_are_passed_over_and_frequent_ones_capped_and_the_union_is_kept():
    phrases = [["dog"]] * 50 + [["cat", "dog"]] * 12 + [["unicorn"]] * 3 + [[]]
    kept = balanced(ids(66), phrases, spec(min=10, max=30))
    dogs = {place for place in kept if "dog" in phrases[place]}
    assert set(range(50, 62)) <= kept  # every cat
    assert 30 <= len(dogs) <= 42
    assert not kept & set(range(62, 66))


def test_the_same_rows_are_kept_in_whatever_order_they_come():
    phrases = [["dog"]] * 40
    series = ids(40)
    kept = {series[place] for place in balanced(series, phrases, spec(min=1, max=7))}
    turned = series.reverse()
    assert {turned[place] for place in balanced(turned, phrases, spec(min=1, max=7))} == kept
    assert len(kept) == 7
    assert {series[p] for p in balanced(series, phrases, spec(min=1, max=7, seed=1))} != kept


def test_one_of_so_many_rows_of_each_cluster_is_kept():
    texts = [f"a {'black dog on grass' if i % 2 else 'white boat at sea'}" for i in range(40)]
    kept = thinned(ids(40), texts, Clusters(step="clusters", sources=("s",), k=2, keep_every=5))
    assert len(kept) == 8
    assert sum(place % 2 for place in kept) == 4


def test_clusters_do_not_depend_on_the_order_of_rows():
    texts = [f"thing {i % 7} near place {i % 5}" for i in range(60)]
    step = Clusters(step="clusters", sources=("s",), k=5, keep_every=3)
    series = ids(60)
    kept = {series[place] for place in thinned(series, texts, step)}
    turned = series.reverse()
    assert {turned[place] for place in thinned(turned, texts[::-1], step)} == kept


def test_fewer_rows_than_clusters_all_stay():
    assert thinned(ids(3), ["a", "b", "c"], Clusters(step="clusters", sources=("s",), k=5)) == {0, 1, 2}
