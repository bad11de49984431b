"""Builds that keep several translations of a text and choose one by the way back."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from glotmill.engine.cli.explain_page import _page
from glotmill.engine.commands.explain.explain_record import explain
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.memory.entries import Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.folder import Folder
from glotmill.filters.quality_fit import SHIPPED, shipped_fit

FAKE = {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256, "fault": "drop_word", "fault_every": 2}
REVERSE = {**FAKE, "hypotheses": 3, "choose": "reverse"}
QUIET = ProgressReport()
GERMAN = Direction("eng_Latn", "deu_Latn")


def replies(summary) -> pl.Series:
    table = pl.read_parquet(summary.dataset / "data" / "deu_Latn" / "*.parquet").filter(pl.col("task") == "caption")
    return table.sort("record_id")["messages"].list.last().struct.field("content")


def test_the_chosen_translation_is_the_records_and_the_memory_keeps_the_others(recipe_file, run, tmp_path: Path):
    first = replies(run(recipe_file(translate=FAKE), out="first"))
    assert not first.str.ends_with("grassˈdeu.").all()
    summary = run(recipe_file(translate=REVERSE))
    assert replies(summary).str.ends_with("grassˈdeu.").all()
    table = pl.read_parquet(summary.dataset / "data/deu_Latn/*.parquet").filter(pl.col("task") == "caption")
    found = explain(tmp_path / "out", table["record_id"][0], QUIET, memory=str(tmp_path / "memory"))
    entries = next(segment.entries for segment in found.segments if segment.where == "turn 1")
    (entry,) = [entry for entry in entries if "hypotheses" in entry]
    assert [one["text"] == entry["text"] for one in entry["hypotheses"]] == [True, False, False]
    assert {one["place"] for one in entry["hypotheses"]} == {0, 1, 2}
    page = "\n".join(part for part in _page(found) if isinstance(part, str))
    for one in entry["hypotheses"]:
        assert f"{one['place'] + 1} of the search: {one['text']} (log-probability {one['logprob']:.4f}, of the" in page
    assert not any("hypotheses" in line for line in page.splitlines())


def test_plan_counts_what_another_choice_would_send(recipe_file, run, tmp_path: Path):
    sent = run(recipe_file(translate=REVERSE)).segments.translated
    same, other = (
        make_plan(prepare(load_recipe(str(recipe_file(translate=engine))), out=tmp_path / "out"), QUIET)
        for engine in (REVERSE, {**REVERSE, "reverse_weight": 1.0})
    )
    assert (same.calls, other.calls) == (0, sent)


def test_the_same_build_gives_the_same_bytes(recipe_file, run, tmp_path: Path):
    recipe = recipe_file(translate=REVERSE)
    folders = [run(recipe, out=out, memory=tmp_path / f"memory_{out}").dataset for out in ("one", "two")]
    one, two = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders)
    assert one == two


def test_the_way_back_gives_one_translation_and_has_an_engine_of_its_own_in_the_manifest(
    recipe_file, run, tmp_path: Path
):
    summary = run(recipe_file(translate=REVERSE))
    translators = list(read_manifest(summary.dataset).facts["translators"].values())
    assert [translator.get("hypotheses", 1) for translator in translators] == [3, 1]
    memory = Memory(Folder(tmp_path / "memory"))
    there, back = (memory.winners(way) for way in (GERMAN, GERMAN.back))
    assert set(there["translator"]).isdisjoint(back["translator"])
    assert memory.hypotheses(there.with_columns(text="request")).height
    assert memory.hypotheses(back.with_columns(text="request")).is_empty()


def test_a_choice_by_quality_is_frozen_in_the_translation_and_refilter_is_a_build(recipe_file, run, tmp_path: Path):
    """The fit that chooses is part of the translator, so no filter and no later fit decides a text."""
    (tmp_path / "chosen.json").write_bytes(SHIPPED.read_bytes())
    engine = {**FAKE, "hypotheses": 3, "choose": "quality", "quality_fit": "chosen.json"}
    stated = {"nmt": {"min_logprob": -0.5}}
    first = run(recipe_file(translate=engine), out="first")
    assert replies(first).str.ends_with("grassˈdeu.").all()
    facts = read_manifest(first.dataset).facts["translators"]
    assert {"quality": shipped_fit().digest} in [one.get("choose") for one in facts.values()]
    second = run(recipe_file(translate=engine, filter=stated), out="second")
    refilter(first.dataset.parent, overrides=("filter.nmt.min_logprob=-0.5",))
    one, two = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()}
                for f in (first.dataset, second.dataset))  # fmt: skip
    assert one == two


def test_plan_names_another_fit_that_chooses(recipe_file, run, tmp_path: Path):
    path = tmp_path / "chosen.json"
    path.write_bytes(SHIPPED.read_bytes())
    engine = {**FAKE, "hypotheses": 3, "choose": "quality", "quality_fit": "chosen.json"}
    run(recipe_file(translate=engine))
    path.write_text(path.read_text().replace('"likely": 0.07899', '"likely": 0.08'))
    plan = make_plan(prepare(load_recipe(str(recipe_file(translate=engine))), out=tmp_path / "out"), QUIET)
    assert plan.changes
    assert all("choose.quality" in change.why for change in plan.changes)
