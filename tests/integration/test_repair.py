"""Translations that fail a recipe's rules give way to others that pass."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from glotmill.engine.commands.explain.explain_record import explain
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.dataset.lock import read_lock
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import InputError

QUIET = ProgressReport()
ECHO = {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256, "fault": "echo", "fault_every": 2}
SEVERAL = {**ECHO, "hypotheses": 3}
UNTIL = {"until": {"lexical": {"max_copy_frac": 0.5}}}
RIGHT = {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256}
SCORE = {"scorers": ["integrity", "lexical", "nmt", "round_trip"]}


def table(summary, lang: str = "deu_Latn") -> pl.DataFrame:
    return pl.read_parquet(summary.dataset / "data" / lang / "*.parquet").filter(pl.col("row_status") == "ok")


def captions(summary) -> dict[str, tuple[str, list[str]]]:
    rows = table(summary).filter(pl.col("task") == "caption")
    return {
        row["record_id"]: (row["messages"][-1]["content"], row["mt"]["engines"]) for row in rows.iter_rows(named=True)
    }


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_translation_that_fails_gives_way_to_the_next_that_passes_and_the_record_says_so(recipe_file, run):
    before = captions(run(recipe_file(translate=SEVERAL, score=SCORE), out="before"))
    echoed = {name for name, (text, _) in before.items() if "ˈdeu" not in text}
    assert 0 < len(echoed) < len(before)
    summary = run(recipe_file(translate=SEVERAL, score=SCORE, repair=UNTIL))
    after = captions(summary)
    assert all("ˈdeu" in text for text, _ in after.values())
    assert {name for name, (_, engines) in after.items() if engines == ["fake", "repaired"]} == echoed
    assert all(after[name] == before[name] for name in before if name not in echoed)
    assert summary.segments.repaired >= len(echoed)


def test_scores_and_the_back_translation_are_those_of_what_was_taken(recipe_file, run):
    rows = table(run(recipe_file(translate=SEVERAL, score=SCORE, repair=UNTIL, routing={"back": RIGHT})))
    repaired = rows.filter(
        pl.col("mt").struct.field("engines").list.contains("repaired") & (pl.col("task") == "caption")
    )
    assert repaired.height
    for row in repaired.iter_rows(named=True):
        assert row["back_messages"][-1]["content"] == row["source_messages"][-1]["content"]
        assert row["score_lexical_copy_frac"] == 0
        assert row["score_round_trip_chrf"] == pytest.approx(100)


def test_what_no_translation_repairs_goes_to_the_repair_engine_and_else_stays(recipe_file, run, tmp_path: Path):
    engine = {**UNTIL, "engine": RIGHT}
    summary = run(recipe_file(translate=ECHO, score=SCORE, repair=engine))
    assert all("ˈdeu" in text for text, _ in captions(summary).values())
    assert set(map(tuple, (engines for _, engines in captions(summary).values()))) == {("fake",), ("fake", "repaired")}
    assert summary.segments.repaired
    never = {"until": {"lexical": {"max_copy_frac": 0.5}}, "engine": {**ECHO, "fault_every": 1}}
    bad = run(recipe_file(translate=ECHO, score=SCORE, repair=never), out="bad", memory=tmp_path / "other")
    assert bad.segments.repaired == 0
    assert any("ˈdeu" not in text for text, _ in captions(bad).values())


def test_a_repaired_dataset_is_judged_again_as_it_would_be_built(recipe_file, run, tmp_path: Path):
    repair = {**UNTIL, "engine": {**RIGHT, "retry_helps": True}}
    recipe = recipe_file(translate={**SEVERAL, "hypotheses": 2}, score=SCORE, repair=repair)
    loose, strict = "filter.nmt.min_logprob=-0.9", "filter.nmt.min_logprob=-0.4"
    for out, rule in (("a", loose), ("b", strict)):
        run(recipe, rule, out=out)
    before, expected = files(tmp_path / "a" / "dataset"), files(tmp_path / "b" / "dataset")
    assert before != expected
    assert refilter(tmp_path / "a", overrides=(strict,)).flipped > 0
    assert files(tmp_path / "a" / "dataset") == expected


def test_a_changed_rule_is_another_translate_stage_and_no_repair_is_as_before(recipe_file, run):
    def prints(**changes):
        summary = run(
            recipe_file(translate=SEVERAL, score=SCORE, **changes), out=f"out{len(changes)}{len(str(changes))}"
        )
        manifest = read_manifest(summary.dataset)
        lock = read_lock(summary.dataset, manifest.facts)
        return lock, {shard.path: shard.fingerprints["translate"] for shard in manifest.all_shards()}

    (plain, without), (_, one) = prints(), prints(repair=UNTIL)
    locked, other = prints(repair={"until": {"lexical": {"max_copy_frac": 0.25}}})
    assert without != one != other
    assert "repair" not in plain
    assert locked["repair"]["until"] == {"lexical": {"max_copy_frac": 0.25}}


def test_plan_counts_what_the_repair_engine_would_be_sent(recipe_file, run, tmp_path: Path):
    run(recipe_file(translate=ECHO, score=SCORE))
    recipe = recipe_file(translate=ECHO, score=SCORE, repair={**UNTIL, "engine": RIGHT})
    plan = make_plan(prepare(load_recipe(str(recipe)), out=tmp_path / "out"), QUIET)
    assert 0 < plan.calls == run(recipe).segments.translated
    assert make_plan(prepare(load_recipe(str(recipe)), out=tmp_path / "out"), QUIET).calls == 0


def test_explain_shows_what_a_repaired_record_could_have_had(recipe_file, run, tmp_path: Path):
    summary = run(recipe_file(translate=SEVERAL, score=SCORE, repair=UNTIL))
    rows = table(summary).filter(pl.col("mt").struct.field("engines").list.contains("repaired"))
    row = rows.filter(pl.col("task") == "caption").row(0, named=True)
    found = explain(tmp_path / "out", row["record_id"], QUIET, memory=str(tmp_path / "memory"))
    (entry,) = next(segment.entries for segment in found.segments if segment.where == "turn 1")
    assert entry["text"] != row["messages"][-1]["content"] == entry["hypotheses"][1]["text"]
    back = [segment.request for segment in found.segments if segment.where == "back-translation"]
    assert row["messages"][-1]["content"] in back


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"translate": RIGHT, "repair": UNTIL}, "nothing to repair with"),
        ({"repair": {"until": {"round_trip": {}}}}, "repair.until.round_trip: the scorer needs the back-translation"),
        ({"repair": {"until": {"adequacy": {}}}}, "repair.until.adequacy: the scorer needs"),
        ({"repair": {"until": {"cross_entropy": {}}}}, "set translate.choose to reverse"),
        ({"repair": {"until": {"quality": {"min": 0.4}}}}, "set translate.choose to quality"),
        ({"repair": {"until": {"lexical": {"copy": 1}}}}, "repair.until.lexical.copy: unknown parameter"),
        ({"repair": {"until": {"lexicon": {}}}}, "lexicon"),
        ({"repair": {"until": {}}}, "repair.until: no rule rejects anything"),
        ({"repair": {"unless": {}}}, "unknown key 'unless'"),
    ],
)
def test_a_repair_that_cannot_be_is_one_clear_line(recipe_file, tmp_path: Path, changes, said: str):
    with pytest.raises(InputError) as refused:
        prepare(
            load_recipe(str(recipe_file(**{"translate": SEVERAL, "score": SCORE, **changes}))), out=tmp_path / "out"
        )
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
