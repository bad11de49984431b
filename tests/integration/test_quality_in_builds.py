"""The quality score in builds: fitted to their own translations, kept and published, and fitted anew on demand."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest

from glotmill.engine.commands import fitted_quality
from glotmill.engine.commands.diff import diff
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.runs.progress import ProgressReport
from glotmill.filters.quality_fit import SHIPPED, read_fit
from glotmill.schemas.errors import InputError
from tests.faults.killed_build import kill_build

THINGS = ("dog", "man", "woman", "cat", "horse", "train", "child", "bird", "boat", "car")
PLACES = ("on the grass", "near the water", "in the snow", "at a table", "under a tree", "by the road")
CAPTIONS = [f"A {size} {thing} is {place}." for thing in THINGS for place in PLACES for size in ("small", "big")]
LANGS = ["deu_Latn", "fra_Latn"]
SCORERS = ["lexical", "nmt", "round_trip", "quality"]


@pytest.fixture
def recipe(recipe_file, tmp_path):
    def write(captions=CAPTIONS, scorers=SCORERS, **more):
        more.setdefault("translate", {"engine": "fake"})
        rows = [
            {"id": f"c{n}", "task": "caption", "image": f"{n}.jpg", "caption": text} for n, text in enumerate(captions)
        ]
        (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        sources = {"small": {"format": "jsonl", "path": "own.jsonl", "license": "cc0-1.0"}}
        return recipe_file(sources=sources, languages=LANGS, score={"scorers": scorers}, **more)

    return write


def rows(dataset):
    return pl.read_parquet(sorted(dataset.glob("data/*/*.parquet"))).sort("record_id")


def files(dataset):
    return {path.relative_to(dataset).as_posix(): path.read_bytes() for path in dataset.rglob("*") if path.is_file()}


def test_a_build_fits_the_score_to_itself_and_publishes_the_fit(recipe, run):
    dataset = run(recipe()).dataset
    fit = read_fit("dataset", dataset / "quality.json")
    assert fit.content.learnt_from == "agreement"
    assert fit.content.usual["deu_Latn"].rows == len(CAPTIONS)
    facts = read_manifest(dataset).facts
    assert facts["scorers"]["quality"]["fit"] == facts["filter"]["fit"] == fit.digest
    assert rows(dataset)["score_quality_score"].null_count() == 0
    card = (dataset / "README.md").read_text()
    assert "Estimated quality of a language's best rows" in card
    assert f"| German | `deu_Latn` | {len(CAPTIONS)} |" in card
    assert verify(dataset.parent, ProgressReport(), deep=True).problems == []


def test_a_share_is_kept_of_each_language_by_the_recorded_threshold(recipe, run):
    dataset = run(recipe(filter={"quality": {"keep": 0.8}})).dataset
    fit = read_fit("dataset", dataset / "quality.json")
    for lang in LANGS:
        own = rows(dataset).filter(lang=lang)
        assert own["keep"].sum() == pytest.approx(0.8 * len(CAPTIONS), abs=3)
        assert own.filter("keep")["score_quality_score"].min() >= fit.content.usual[lang].least["0.8"] - 1e-6


def test_refilter_to_another_share_is_a_build_with_that_share(recipe, run, tmp_path):
    first = run(recipe(filter={"quality": {"keep": 0.9}}), out="first").dataset
    second = run(recipe(filter={"quality": {"keep": 0.7, "min": 0.2}}), out="second").dataset
    refilter(first.parent, overrides=("filter.quality.keep=0.7", "filter.quality.min=0.2"))
    assert files(first) == files(second)


def test_added_rows_move_no_old_verdict_and_recalibrating_fits_anew(recipe, run, tmp_path):
    keep = {"quality": {"keep": 0.8}}
    before = run(recipe(filter=keep))
    old, fit = rows(before.dataset), (before.dataset / "quality.json").read_bytes()
    more = [f"Two {thing}s and a house are far away today {place}." for thing in THINGS for place in PLACES]
    after = run(recipe([*CAPTIONS, *more], filter=keep))
    assert (after.dataset / "quality.json").read_bytes() == fit
    new = rows(after.dataset).filter(pl.col("record_id").is_in(old["record_id"].to_list()))
    assert new.select("record_id", "score_quality_score", "keep").equals(
        old.select("record_id", "score_quality_score", "keep")
    )
    path = recipe([*CAPTIONS, *more], filter=keep)
    assert not _plan(path, tmp_path).changes
    changes = _plan(path, tmp_path, recalibrate=True).changes
    assert {change.action for change in changes} == {"re-score"}
    assert all(change.why.startswith("score.quality.fit ") for change in changes)
    kept = shutil.copytree(after.dataset, tmp_path / "kept")
    anew = run(path, recalibrate=True)
    named = diff(kept, anew.dataset).facts
    assert [words.split()[0] for words in named["scorers"]] == ["score.quality.fit"]
    assert [words.split()[0] for words in named["filter"]] == ["filter.fit"]
    assert (anew.dataset / "quality.json").read_bytes() != fit
    assert anew.segments.translated == 0


def _plan(recipe, tmp_path, **options):
    return make_plan(prepare(load_recipe(str(recipe)), out=tmp_path / "out", **options), ProgressReport())


def test_a_build_that_is_stopped_after_its_sample_gives_the_same_bytes(recipe, run, monkeypatch, tmp_path):
    path = recipe(filter={"quality": {"keep": 0.8}})
    whole = files(run(path, out="whole", memory=tmp_path / "m1").dataset)
    with monkeypatch.context() as patched:
        patched.setattr(fitted_quality, "fit_quality", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(path, out="stopped", memory=tmp_path / "m2")
    assert files(run(path, out="stopped", memory=tmp_path / "m2").dataset) == whole


def test_the_fit_is_the_same_whatever_the_order_of_the_rows(recipe, run, tmp_path):
    first = run(recipe(), out="first", memory=tmp_path / "m1").dataset
    path, lines = recipe(), tmp_path / "own.jsonl"
    lines.write_text("\n".join(reversed(lines.read_text().splitlines())))
    second = run(path, out="second", memory=tmp_path / "m2").dataset
    assert (first / "quality.json").read_bytes() == (second / "quality.json").read_bytes()


def test_too_few_rows_give_no_estimate_and_reject_nothing(recipe, run):
    dataset = run(recipe(CAPTIONS[:20], filter={"quality": {"keep": 0.5}})).dataset
    assert rows(dataset)["score_quality_score"].null_count() == rows(dataset).height
    assert rows(dataset)["keep"].all()


def test_a_recipe_can_name_a_fit(recipe, run, tmp_path):
    (tmp_path / "fit.json").write_bytes(SHIPPED.read_bytes())
    path = recipe()
    text = path.read_text().replace("scorers:", "quality: fit.json\n  scorers:", 1)
    path.write_text(text)
    dataset = run(path).dataset
    assert (dataset / "quality.json").read_bytes() == SHIPPED.read_bytes()
    assert "quality: fit.json" in (dataset / "recipe.lock.yaml").read_text()


def test_an_edited_fit_is_refused(recipe, run):
    path = recipe(filter={"quality": {"keep": 0.8}})
    dataset = run(path).dataset
    file = dataset / "quality.json"
    file.write_text(file.read_text().replace('"0.8": 0.', '"0.8": 0.1', 1))
    for again in (lambda: run(path), lambda: refilter(dataset.parent, overrides=("filter.quality.keep=0.7",))):
        with pytest.raises(InputError, match=r"quality\.json: it is not the fit that the manifest names"):
            again()


def test_a_recipe_without_quality_has_neither_file_nor_key(recipe, run):
    dataset = run(recipe(scorers=["nmt", "lexical"])).dataset
    facts = read_manifest(dataset).facts
    assert not (dataset / "quality.json").exists()
    assert "fit" not in facts["filter"]
    assert "quality" not in (dataset / "recipe.lock.yaml").read_text()


ENGINE_RULES = [*SCORERS[:3], "adequacy", "quality"]


def test_rules_that_depend_on_the_engine_have_the_builds_thresholds(recipe, run):
    """The fake engine's words are improbable to it, so the defaults of the embedded model would reject them."""
    dataset = run(recipe(scorers=ENGINE_RULES)).dataset
    found = read_fit("dataset", dataset / "quality.json").content.thresholds
    assert set(found) >= {"adequacy.min_addition", "adequacy.min_meaning", "adequacy.min_omission"}
    assert set(found["adequacy.min_meaning"]) == {*LANGS, "Latn", "all"}
    report = json.loads(page_data((dataset.parent / "report.html").read_text()))
    assert [of["rows"] for of in report["quality"]["langs"]] == [len(CAPTIONS)] * 2
    assert report["quality"]["keep"] == 1.0


def page_data(page: str) -> str:
    return page.partition('<script type="application/json" id="data">')[2].partition("</script>")[0]


def test_refilter_keeps_the_builds_thresholds(recipe, run):
    first = run(recipe(scorers=ENGINE_RULES), out="first").dataset
    stated = {"adequacy": {"min_addition": 0.1}}
    second = run(recipe(scorers=ENGINE_RULES, filter=stated), out="second").dataset
    refilter(first.parent, overrides=("filter.adequacy.min_addition=0.1",))
    assert files(first) == files(second)


@pytest.mark.parametrize(
    ("event", "number"),
    [("commit", 1), ("fit", 1), *(pytest.param("write", n, marks=pytest.mark.long) for n in (4, 9))],
)
def test_a_build_killed_in_its_sample_or_before_its_fit_is_written_goes_on_to_the_same_bytes(
    recipe, run, tmp_path, event, number
):
    """The sample's units are committed like any other, and the fit follows from them."""
    engine = {"engine": "fake", "batch_sensitive": True, "batch_tokens": 256, "unit_tokens": 512}
    path = recipe(filter={"quality": {"keep": 0.8}}, translate=engine)
    whole = files(run(path, out="whole", memory=tmp_path / "m1").dataset)
    memory = tmp_path / "m2"
    kill_build(path, tmp_path / "killed", memory, event, number)
    assert files(run(path, out="killed", memory=memory).dataset) == whole
