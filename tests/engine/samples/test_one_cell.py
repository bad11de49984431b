"""Where every row may go into the same languages, builds that people hold get what they have always got.

The reference is the algorithm that shared out such rows before whole sources were shared out, row for row.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from glotmill.engine.samples.apportion import Counts, highest_averages, largest_remainder
from glotmill.engine.samples.language_mix import MIX_ROWS, MixRule, assign
from glotmill.recipes.sections.mix import Mix
from glotmill.schemas.keys import ranks

LANGS = ("eng_Latn", "deu_Latn", "fra_Latn", "ces_Latn", "yor_Latn")
NONE = -1
Held = dict[str, list[str]]


def samples(count: int) -> pl.DataFrame:
    ids = ["s1:" + hashlib.sha256(str(i).encode()).hexdigest()[:32] for i in range(count)]
    columns: dict[str, Any] = {"set": "a", "source_id": ids, "task": "caption", "only": None}
    return pl.DataFrame(columns, schema=MIX_ROWS)


def goal_before(total: int, rule: MixRule, held: Counts, *, first: bool) -> Counts:
    quotas, table, floor = rule.quotas("a"), rule.weights("a"), rule.mix.shares("a").floor
    quota = np.array([quotas.get(code, 0) for code in rule.languages], dtype=np.int64)
    weights = [0.0 if code in quotas else table[code] for code in rule.languages]
    new = total - int(held.sum())
    short = np.maximum(quota - held, 0)
    if int(short.sum()) > new:
        short = largest_remainder(new, short.tolist())
    goal: Counts = held + short
    new -= int(short.sum())
    return highest_averages(new, weights, goal, floor) if not first else goal + largest_remainder(new, weights, floor)


def one_each_before(held: list[list[str]], rule: MixRule, *, same_mix: bool) -> tuple[list[list[str]], list[int]]:
    """The languages of each row by rank, and the targets."""
    places = {code: place for place, code in enumerate(rule.languages)}
    own = np.array([places.get(langs[0], NONE) if len(langs) == 1 else NONE for langs in held], dtype=np.int64)
    has = np.bincount(own[own >= 0], minlength=len(places)).astype(np.int64)
    first = not same_mix or not has.any()
    nothing = np.zeros_like(has)
    goal = aim = goal_before(len(own), rule, nothing, first=True)
    if not first and not np.array_equal(has, goal):
        goal = goal_before(len(own), rule, nothing, first=False)
        aim = goal_before(len(own), rule, has, first=False)
    for place in np.flatnonzero(has > aim):
        own[np.flatnonzero(own == place)[aim[place] :]] = NONE
        has[place] = aim[place]
    fill = np.repeat(np.arange(len(places)), np.maximum(aim - has, 0))
    own[np.flatnonzero(own == NONE)[: len(fill)]] = fill
    return [[] if place == NONE else [rule.languages[place]] for place in own], goal.tolist()


def fan_out_before(held: list[list[str]], rule: MixRule, *, same_mix: bool) -> tuple[list[list[str]], list[int]]:
    """The languages of each row by rank, and the targets."""
    quotas, langs = rule.quotas("a"), [list[str]() for _ in held]
    target = [min(quotas.get(code, len(held)), len(held)) for code in rule.languages]
    for code, most in zip(rule.languages, target, strict=True):
        taken = {i for i, had in enumerate(held) if same_mix and code in had} if code in quotas else set()
        taken |= set([i for i in range(len(held)) if i not in taken][: max(most - len(taken), 0)])
        for i in taken:
            langs[i].append(code)
    return langs, target


@st.composite
def rules(draw) -> dict[str, Any]:
    numbers = st.dictionaries(st.sampled_from([*LANGS, "*"]), st.sampled_from([0, 1, 5, 20, 100]), max_size=4)
    keys: dict[str, Any] = {"seed": draw(st.integers(0, 2)), "quotas": draw(numbers)}
    if draw(st.booleans()):
        keys["mode"] = "one_each"
        keys["floor"] = draw(st.integers(0, 3))
        keys["english_share"] = draw(st.one_of(st.none(), st.floats(0, 1)))
        weights = draw(st.lists(st.sampled_from([0, 0.01, 1, 3, 44.0]), min_size=5, max_size=5))
        keys["weights"] = dict(zip(LANGS, weights, strict=True))
    return keys


@settings(max_examples=50)
@given(st.integers(1, 90), st.integers(0, 40), rules(), rules(), st.booleans(), st.data())
def test_a_source_whose_rows_may_go_anywhere_is_shared_out_as_before_and_nobody_who_holds_it_moves(
    count: int, more: int, keys: dict[str, Any], other: dict[str, Any], changed: bool, data
):
    languages = tuple(data.draw(st.permutations(LANGS))[: data.draw(st.integers(1, 5))])
    held: Held = {}
    for total, mix, same in ((count, keys, True), (count + more, other if changed else keys, not changed)):
        rule, rows = MixRule(Mix.model_validate(mix), languages), samples(total)
        before = pl.DataFrame(
            {"source_id": list(held), "langs": list(held.values())},
            {"source_id": pl.String, "langs": pl.List(pl.String)},
        )
        found = assign(rows, rule, before, same_mix=same)
        order = rows.with_columns(rank=ranks(rule.mix.seed, rows["source_id"])).sort("rank")["source_id"].to_list()
        reference = fan_out_before if rule.mix.mode == "fanout" else one_each_before
        langs, target = reference([held.get(i, []) for i in order], rule, same_mix=same)
        held = dict(zip(rows["source_id"].to_list(), found.langs.to_list(), strict=True))
        assert [held[i] for i in order] == langs
        assert found.counts["a"].target == dict(zip(languages, target, strict=True))
        assert found.counts["a"].short == {}


def test_the_identity_of_a_mix_is_what_it_was():
    rule = MixRule(Mix(mode="one_each", weights="mc4", quotas={"deu_Latn": 3}, seed=7), LANGS)
    fan_out = MixRule(Mix(quotas={"*": 30}, exclude={"ocr": ("deu_Latn",)}), LANGS)
    assert rule.identity() == "26fb9a2fb04c91e2cbdd26aeb9fcf076"
    assert fan_out.identity() == "b3c0bbe97735d61252d476c924d82673"
