from __future__ import annotations

import hashlib
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glotmill.engine.samples.language_mix import MIX_ROWS, Assignment, MixRule, assign
from glotmill.recipes.language_sets import groups
from glotmill.recipes.sections.mix import Mix
from glotmill.schemas.errors import InputError

LANGS = ("eng_Latn", "deu_Latn", "fra_Latn", "ces_Latn")


def samples(n: int, start: int = 0, name: str = "a", task: str = "caption", only: list[str] | None = None):
    ids = ["s1:" + hashlib.sha256(f"{name} {i}".encode()).hexdigest()[:32] for i in range(start, start + n)]
    columns: dict[str, Any] = {"set": [name] * n, "source_id": ids, "task": [task] * n, "only": [only] * n}
    return pl.DataFrame(columns, schema=MIX_ROWS)


def rule(languages: tuple[str, ...] = LANGS, **keys: Any) -> MixRule:
    return MixRule(Mix.model_validate({"mode": "one_each", **keys}), languages)


def record(rows: pl.DataFrame, given_out: Assignment) -> pl.DataFrame:
    return rows.select("source_id").with_columns(langs=given_out.langs)


def total(given_out: Assignment, name: str = "a") -> dict[str, int]:
    return given_out.counts[name].rows


def test_fanout_puts_every_sample_into_every_language_in_the_recipes_order():
    found = assign(samples(3), MixRule(Mix(), LANGS))
    assert found.langs.to_list() == [list(LANGS)] * 3
    assert total(found) == dict.fromkeys(LANGS, 3)


def test_one_each_is_exact_by_largest_remainder_in_each_source():
    rows = pl.concat([samples(100), samples(7, name="b")])
    found = assign(rows, rule(weights={"eng_Latn": 6, "deu_Latn": 3, "fra_Latn": 1, "ces_Latn": 0}))
    assert total(found) == {"eng_Latn": 60, "deu_Latn": 30, "fra_Latn": 10, "ces_Latn": 0}
    assert total(found, "b") == {"eng_Latn": 4, "deu_Latn": 2, "fra_Latn": 1, "ces_Latn": 0}
    assert set(found.langs.list.len()) == {1}
    assert found.counts["a"].target == found.counts["a"].rows


def test_mblips_mix_reaches_all_96_languages_exactly():
    rows = samples(23_240)
    found = assign(rows, rule(groups()["mblip"], weights="mc4", seed=42))
    counts = total(found)
    assert (sum(counts.values()), len(counts), min(counts.values())) == (23_240, 96, 1)
    assert counts["eng_Latn"] == pytest.approx(23_240 * 0.43843, rel=0.01)


@given(st.integers(0, 300), st.integers(0, 60), st.integers(0, 3), st.floats(0, 2))
def test_appended_rows_move_nobody(n: int, more: int, seed: int, exponent: float):
    weights = {"eng_Latn": 43.8, "deu_Latn": 6.1, "fra_Latn": 5.0, "ces_Latn": 0.01}
    mix = rule(weights=weights, seed=seed, exponent=exponent)
    first = samples(n)
    before = assign(first, mix)
    rows = pl.concat([samples(more, start=n), first])
    after = assign(rows, mix, record(first, before))
    assert after.langs[more:].to_list() == before.langs.to_list()
    assert sum(total(after).values()) == n + more if n + more else True
    assert not n + more or after.counts["a"].moved == 0


def test_appended_rows_go_where_most_is_missing_and_realised_stands_beside_target():
    mix = rule(weights={"eng_Latn": 1, "deu_Latn": 1, "fra_Latn": 1, "ces_Latn": 1})
    first = samples(8)
    lopsided = first.select("source_id").with_columns(langs=pl.Series([["eng_Latn"]] * 6 + [["deu_Latn"]] * 2))
    found = assign(pl.concat([first, samples(4, start=8)]), mix, lopsided)
    assert found.counts["a"].target == dict.fromkeys(LANGS, 3)
    assert total(found) == {"eng_Latn": 6, "deu_Latn": 2, "fra_Latn": 2, "ces_Latn": 2}


def test_the_order_of_rows_and_files_does_not_matter():
    rows = pl.concat([samples(50), samples(20, name="b")])
    shuffled = rows.sample(fraction=1, shuffle=True, seed=3)
    mix = rule(weights={"eng_Latn": 5, "deu_Latn": 1, "fra_Latn": 1, "ces_Latn": 1})
    one, other = (record(r, assign(r, mix)).sort("source_id") for r in (rows, shuffled))
    assert one.equals(other)


def test_another_seed_gives_the_same_counts_to_other_rows():
    rows = samples(400)
    one, other = (assign(rows, rule(seed=seed)) for seed in (0, 1))
    assert total(one) == total(other)
    assert not one.langs.equals(other.langs)


def test_a_changed_weight_moves_only_as_many_as_it_must():
    rows = samples(100)
    even = assign(rows, rule())
    more_german = rule(weights={"eng_Latn": 20, "deu_Latn": 40, "fra_Latn": 20, "ces_Latn": 20})
    found = assign(rows, more_german, record(rows, even), same_mix=False)
    assert total(found) == {"eng_Latn": 20, "deu_Latn": 40, "fra_Latn": 20, "ces_Latn": 20}
    assert found.counts["a"].moved == 15


def test_a_changed_mix_has_another_identity_and_an_equal_one_has_not(tmp_path):
    table = tmp_path / "w.csv"
    table.write_text("# mine\nflores_code,weight\neng_Latn,2\ndeu_Latn,1\nfra_Latn,1\nces_Latn,1\n")
    same = {"eng_Latn": 2.0, "deu_Latn": 1.0, "fra_Latn": 1.0, "ces_Latn": 1.0}
    one = rule(weights=same).identity()
    assert MixRule(Mix(mode="one_each", weights=table), LANGS).identity() == one
    for other in ({"weights": {**same, "ces_Latn": 1.5}}, {"weights": same, "seed": 1}, {"weights": same, "floor": 0}):
        assert rule(**other).identity() != one
    assert rule(LANGS[:3], weights=same).identity() != one


def test_english_share_and_a_uniform_rest():
    counts = total(assign(samples(600), rule(english_share=0.5)))
    assert counts == {"eng_Latn": 300, "deu_Latn": 100, "fra_Latn": 100, "ces_Latn": 100}


def test_an_exponent_flattens_and_nought_makes_equal():
    weights = {"eng_Latn": 81.0, "deu_Latn": 16.0, "fra_Latn": 1.0, "ces_Latn": 0.0}
    assert total(assign(samples(140), rule(weights=weights, exponent=0.5))) == {
        "eng_Latn": 90, "deu_Latn": 40, "fra_Latn": 10, "ces_Latn": 0
    }  # fmt: skip
    assert list(total(assign(samples(30), rule(weights=weights, exponent=0))).values()) == [10, 10, 10, 0]


def test_quotas_by_code_script_and_rest_are_absolute_and_the_first_that_names_a_language_counts():
    languages = ("eng_Latn", "deu_Latn", "rus_Cyrl", "jpn_Jpan", "hin_Deva")
    quotas = {"eng_Latn": 50, "script:Latn": 5, "jpn_Jpan": 7, "*": 10}
    found = assign(samples(100), rule(languages, quotas=quotas))
    assert total(found) == {"eng_Latn": 50, "deu_Latn": 5, "rus_Cyrl": 10, "jpn_Jpan": 7, "hin_Deva": 10}
    assert found.counts["a"].unassigned == 18
    rest = assign(samples(100), rule(languages, quotas={"eng_Latn": 50, "script:Latn": 5}))
    assert total(rest) == {"eng_Latn": 50, "deu_Latn": 5, "rus_Cyrl": 15, "jpn_Jpan": 15, "hin_Deva": 15}


def test_quotas_larger_than_the_source_share_it_in_proportion():
    found = assign(samples(30), rule(quotas={"eng_Latn": 60, "*": 20}))
    assert total(found) == {"eng_Latn": 15, "deu_Latn": 5, "fra_Latn": 5, "ces_Latn": 5}
    assert sum(found.counts["a"].target.values()) == 30


def test_a_quota_in_fanout_takes_the_same_first_rows_and_keeps_them_when_rows_are_appended():
    mix = MixRule(Mix(quotas={"deu_Latn": 5, "fra_Latn": 3}), LANGS)
    rows = samples(20)
    found = assign(rows, mix)
    assert total(found) == {"eng_Latn": 20, "deu_Latn": 5, "fra_Latn": 3, "ces_Latn": 20}
    assert all("deu_Latn" in langs for langs in found.langs.to_list() if "fra_Latn" in langs)
    more = assign(pl.concat([samples(20, start=20), rows]), mix, record(rows, found))
    assert more.langs[20:].to_list() == found.langs.to_list()
    assert total(more)["deu_Latn"] == 5


def test_a_task_keeps_out_of_excluded_languages_in_both_modes():
    rows = pl.concat([samples(30), samples(30, name="b", task="ocr")])
    exclude = {"ocr": ["deu_Latn", "fra_Latn"]}
    for mode in ("one_each", "fanout"):
        found = assign(rows, rule(mode=mode, exclude=exclude))
        assert {code for langs in found.langs[30:] for code in langs} == {"eng_Latn", "ces_Latn"}
        assert {code for langs in found.langs[:30] for code in langs} == set(LANGS)
    assert total(found, "b") == {"eng_Latn": 30, "ces_Latn": 30}


def test_a_sample_goes_only_into_languages_it_can_be_in():
    rows = pl.concat([samples(10, only=["ces_Latn"]), samples(10, start=10)])
    found = assign(rows, rule())
    assert found.langs[:10].to_list() == [["ces_Latn"]] * 10


def labelled(sets: list[list[str]], each: int, start: int = 0) -> pl.DataFrame:
    """So many rows of each label, which go only into the languages that have a name for it."""
    return pl.concat([samples(each, 1000 * i + start, only=codes) for i, codes in enumerate(sets)])


SIX = (*LANGS, "spa_Latn", "ita_Latn")
SETS = [[code for i, code in enumerate(SIX) if n >> i & 1] for n in range(1, 64)]  # 63 labels with 63 language sets


@pytest.mark.parametrize("mode", ["one_each", "fanout"])
def test_a_quota_is_one_number_for_the_whole_source_however_many_language_sets_its_rows_have(mode: str):
    found = assign(labelled(SETS, 20), rule(SIX, mode=mode, quotas={"*": 30}))
    assert total(found) == found.counts["a"].target == dict.fromkeys(SIX, 30)
    assert found.counts["a"].short == {}


def test_quotas_hold_for_a_source_whose_task_is_excluded_from_some_languages():
    rows = pl.concat([samples(50), samples(50, start=50, task="ocr")])
    for mode in ("one_each", "fanout"):
        found = assign(rows, rule(mode=mode, quotas={"*": 20}, exclude={"ocr": ["deu_Latn"]}))
        assert total(found) == dict.fromkeys(LANGS, 20)


def test_the_english_share_is_a_share_of_the_whole_source():
    found = assign(labelled([codes for codes in SETS if "eng_Latn" in codes], 20), rule(SIX, english_share=0.5))
    assert total(found) == {"eng_Latn": 320, **dict.fromkeys(SIX[1:], 64)}
    excluded = assign(samples(60, task="ocr"), rule(english_share=0.5, exclude={"ocr": ["ces_Latn"]}))
    assert total(excluded) == {"eng_Latn": 30, "deu_Latn": 15, "fra_Latn": 15}


def test_weights_hold_for_the_whole_source_and_every_row_goes_into_a_language_that_it_may_be_in():
    rows = labelled(SETS, 10)
    found = assign(rows, rule(SIX, weights=dict(zip(SIX, (5, 4, 3, 2, 1, 1), strict=True))))
    assert total(found) == found.counts["a"].target
    assert list(total(found).values()) == [197, 158, 118, 79, 39, 39]
    assert all(langs[0] in only for langs, only in zip(found.langs, rows["only"], strict=True))


def test_what_a_language_lacks_because_too_few_rows_may_go_there_is_counted_and_the_others_share_the_rest():
    rows = pl.concat([samples(90, only=["eng_Latn", "deu_Latn"]), samples(10, start=90, only=["fra_Latn", "deu_Latn"])])
    count = assign(rows, rule(LANGS[:3], weights={"eng_Latn": 1, "deu_Latn": 1, "fra_Latn": 2})).counts["a"]
    assert count.target == {"eng_Latn": 25, "deu_Latn": 25, "fra_Latn": 50}
    assert count.rows == {"eng_Latn": 45, "deu_Latn": 45, "fra_Latn": 10}
    assert count.short == {"fra_Latn": 40}
    quotas = {"fra_Latn": 30, "deu_Latn": 40}
    count = assign(rows, rule(LANGS[:3], quotas=quotas)).counts["a"]
    assert (count.rows, count.short) == ({"eng_Latn": 50, "deu_Latn": 40, "fra_Latn": 10}, {"fra_Latn": 20})
    count = assign(rows, rule(LANGS[:3], mode="fanout", quotas=quotas)).counts["a"]
    assert (count.rows, count.short) == ({"eng_Latn": 90, "deu_Latn": 40, "fra_Latn": 10}, {"fra_Latn": 20})


def test_a_quota_of_a_language_that_no_row_may_go_into_is_a_shortage_unless_the_recipe_excludes_it():
    rows = samples(40, only=["eng_Latn", "deu_Latn"])
    for mode in ("one_each", "fanout"):
        count = assign(rows, rule(LANGS[:3], mode=mode, quotas={"*": 10})).counts["a"]
        assert (count.rows, count.short) == ({"eng_Latn": 10, "deu_Latn": 10, "fra_Latn": 0}, {"fra_Latn": 10})
        exclude = {"caption": ["fra_Latn"]}
        count = assign(samples(40), rule(LANGS[:3], mode=mode, quotas={"*": 10}, exclude=exclude)).counts["a"]
        assert (count.rows, count.short) == ({"eng_Latn": 10, "deu_Latn": 10}, {})


def test_rows_that_may_only_go_where_no_share_is_are_no_shortage():
    rows = pl.concat([samples(10, only=["eng_Latn"]), samples(10, start=10, only=["deu_Latn"])])
    count = assign(rows, rule(LANGS[:2], weights={"eng_Latn": 1, "deu_Latn": 0})).counts["a"]
    assert (count.rows, count.short, count.unassigned) == ({"eng_Latn": 10, "deu_Latn": 0}, {}, 10)


@settings(max_examples=30)
@given(st.integers(1, 12), st.integers(0, 12), st.sampled_from(["one_each", "fanout"]), st.data())
def test_appended_rows_of_any_language_set_move_nobody(each: int, more: int, mode: str, data):
    sets = data.draw(st.lists(st.sampled_from(SETS), min_size=1, max_size=6))
    keys: dict[str, Any] = {"quotas": data.draw(st.dictionaries(st.sampled_from(SIX), st.integers(0, 9)))}
    if mode == "one_each":
        keys["weights"] = dict(zip(SIX, data.draw(st.lists(st.integers(0, 9), min_size=6, max_size=6)), strict=True))
    mix = rule(SIX, mode=mode, **keys)
    first = labelled(sets, each)
    before = assign(first, mix)
    rows = pl.concat([labelled(sets, more, start=500), first])
    after = assign(rows, mix, record(first, before))
    assert after.langs[len(rows) - len(first) :].to_list() == before.langs.to_list()
    assert assign(rows, mix, record(rows, after)).langs.equals(after.langs)
    wanted = {code for code in SIX if keys["quotas"].get(code, keys.get("weights", {}).get(code, 1)) > 0}
    if mode == "one_each" and not keys["quotas"]:  # then every row has a language that may have one
        assert after.counts["a"].unassigned == sum(not wanted & set(only) for only in rows["only"])


def test_appended_rows_bring_every_language_to_its_quota_across_language_sets():
    mix = rule(SIX, quotas={"*": 30})
    first = labelled(SETS[:20], 3)
    before = assign(first, mix)
    assert before.counts["a"].short == {"ita_Latn": 10}  # none of these labels has an Italian name
    rows = pl.concat([first, labelled(SETS, 20, start=500)])
    assert total(assign(rows, mix, record(first, before))) == dict.fromkeys(SIX, 30)


def test_a_changed_quota_moves_only_as_many_as_it_must_across_language_sets():
    rows = labelled(SETS, 20)
    before = assign(rows, rule(SIX, quotas={"*": 30}))
    found = assign(rows, rule(SIX, quotas={"deu_Latn": 10, "*": 40}), record(rows, before), same_mix=False)
    assert total(found) == {code: 10 if code == "deu_Latn" else 40 for code in SIX}
    assert found.counts["a"].moved == 20


def test_a_build_that_holds_more_than_its_quotas_keeps_it_and_says_so():
    rows = labelled(SETS, 20)
    held = rows.select("source_id", langs=pl.col("only").list.head(1))
    for mode in ("one_each", "fanout"):
        found = assign(rows, rule(SIX, mode=mode, quotas={"eng_Latn": 30, "deu_Latn": 400}), held)
        assert total(found)["eng_Latn"] == 640
        assert found.counts["a"].beyond == {"eng_Latn": 610}


def test_a_skipped_source_goes_into_no_language_and_is_counted():
    found = assign(pl.concat([samples(5), samples(5, name="b")]), rule(skip=("b",)))
    assert found.langs[5:].to_list() == [[]] * 5
    assert (found.counts["b"].unassigned, found.counts["b"].samples) == (5, 5)


def test_a_language_without_a_weight_is_named():
    with pytest.raises(InputError, match=r"no weight for ces_Latn"):
        assign(samples(5), rule(weights={"eng_Latn": 1, "deu_Latn": 1, "fra_Latn": 1}))
    with pytest.raises(InputError, match="the table mc4 has no weight for asm_Beng"):
        assign(samples(5), rule(("eng_Latn", "asm_Beng"), weights="mc4"))
