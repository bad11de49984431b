"""Builds that fit what they choose among several translations by to a sample of their own, and choose by it at once."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from glotmill.engine.commands import fitted_choice
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import Plan, make_plan
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.translators.shared.choosing_engines import undecided
from glotmill.filters.quality_fit import QualityFit, read_fit, shipped_fit
from glotmill.schemas.errors import InputError
from tests.faults.killed_build import kill_build

QUIET = ProgressReport()
CAPTIONS = [
    f"A {size} {thing} is {place}."
    for thing in ("dog", "man", "cat", "train", "boat")
    for place in ("on the grass", "near the water", "at a table", "by the road", "in the snow")
    for size in ("small", "big", "red", "tall")
]
MORE = [f"Two {thing}s and a house are far away." for thing in ("dog", "man", "cat")]
LANGS = ["deu_Latn", "fra_Latn"]
# Each translation that the search ranks first lacks its last word; the others do not.
ENGINE = {
    "engine": "fake", "batch_tokens": 256, "unit_tokens": 512, "fault": "drop_word", "hypotheses": 3,
    "choose": "quality", "quality_fit": "build",
}  # fmt: skip
KEEP = {"quality": {"keep": 0.9}}


@pytest.fixture
def recipe(recipe_file, tmp_path: Path):
    def write(captions=CAPTIONS, **changes):
        rows = [{"id": text, "task": "caption", "image": f"{n}.jpg", "caption": text}
                for n, text in enumerate(captions)]  # fmt: skip
        (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        sources = {"small": {"format": "jsonl", "path": "own.jsonl", "license": "cc0-1.0"}}
        changes = {"translate": ENGINE, "score": {"scorers": ["lexical", "nmt", "round_trip", "quality"]}} | changes
        return recipe_file(sources=sources, languages=LANGS, **changes)

    return write


def files(dataset: Path) -> dict[str, bytes]:
    return {path.relative_to(dataset).as_posix(): path.read_bytes() for path in dataset.rglob("*") if path.is_file()}


def replies(dataset: Path) -> dict[str, str]:
    rows = pl.read_parquet(sorted(dataset.glob("data/*/*.parquet")))
    return dict(zip(rows["record_id"], rows["messages"].list.last().struct.field("content"), strict=True))


def planned(path: Path, tmp_path: Path, out: str = "out", **options) -> Plan:
    return make_plan(prepare(load_recipe(str(path)), out=tmp_path / out, **options), QUIET)


def test_one_build_fits_to_a_sample_and_chooses_by_it(recipe, run, tmp_path: Path):
    path = recipe()
    assert planned(path, tmp_path).undecided_choice
    summary = run(path)
    fit = read_fit("dataset", summary.dataset / "choice.json")
    assert {place: fit.rows()[place] for place in LANGS} == dict.fromkeys(LANGS, len(CAPTIONS))
    facts = read_manifest(summary.dataset).facts
    assert {"quality": fit.digest} in [one.get("choose") for one in facts["translators"].values()]
    # What the sample lacked, the chosen translations have; so the score has a fit of its own, to these.
    assert all(text.removesuffix(".").endswith(("ˈdeu", "ˈfra")) for text in replies(summary.dataset).values())
    assert (summary.dataset / "quality.json").read_bytes() != fit.data
    assert verify(summary.dataset.parent, QUIET, deep=True).problems == []


def test_a_later_build_chooses_by_the_first_ones_fit_until_it_is_made_anew(recipe, run, tmp_path: Path):
    first = run(recipe(filter=KEEP))
    fit, texts = (first.dataset / "choice.json").read_bytes(), replies(first.dataset)
    path = recipe([*CAPTIONS, *MORE], filter=KEEP)
    plan = planned(path, tmp_path)
    assert (plan.undecided_choice, plan.calls) == (False, len(MORE) * len(LANGS))
    after = run(path)
    assert (after.dataset / "choice.json").read_bytes() == fit
    assert after.segments.translated == len(MORE) * len(LANGS)
    assert texts.items() <= replies(after.dataset).items()
    assert not planned(path, tmp_path).changes
    anew = planned(path, tmp_path, recalibrate=True)
    assert anew.undecided_choice
    assert all(change.why.startswith("translate.choose.quality ") for change in anew.changes)


def test_a_dataset_that_chose_so_is_judged_again_as_it_would_be_built(recipe, run, tmp_path: Path):
    first, second = (run(recipe(filter={"quality": {"keep": keep}}), out=f"keep{keep}").dataset for keep in (0.9, 0.7))
    assert refilter(first.parent, overrides=("filter.quality.keep=0.7",)).flipped
    assert files(first) == files(second)


def test_the_worst_are_repaired_by_the_same_fit_and_judged_again_as_they_would_be_built(recipe, run, tmp_path: Path):
    second = {**ENGINE, "hypotheses": 2, "choose": "reverse", "fault": "echo"}
    del second["quality_fit"]
    repair, scorers = {"until": {"quality": {"min": 0.99}}, "engine": second}, {"scorers": ["nmt"]}
    first, other = (
        run(recipe(repair=repair, score=scorers, filter={"nmt": {"min_logprob": least}}), out=f"least{least}")
        for least in (-0.9, -0.5)
    )
    # All fail, so the other engine has its turn at every text; nothing of it passes either.
    assert first.segments.translated == 2 * len(CAPTIONS) * len(LANGS)
    assert first.segments.repaired == 0
    assert refilter(first.dataset.parent, overrides=("filter.nmt.min_logprob=-0.5",)).flipped
    assert files(first.dataset) == files(other.dataset)


@pytest.mark.parametrize(
    ("event", "number"),
    [("commit", 1), *(pytest.param(*at, marks=pytest.mark.long) for at in (("commit", 5), ("fit", 1), ("write", 4)))],
)
def test_a_build_killed_before_it_can_choose_goes_on_to_the_same_bytes(
    recipe, run, tmp_path: Path, event: str, number: int
):
    path = recipe(translate={**ENGINE, "batch_sensitive": True}, filter=KEEP)
    whole = files(run(path, out="whole", memory=tmp_path / "m1").dataset)
    memory = tmp_path / "m2"
    kill_build(path, tmp_path / "killed", memory, event, number)
    assert files(run(path, out="killed", memory=memory).dataset) == whole


def test_a_build_stopped_between_the_sample_and_the_choice_gives_the_same_bytes(
    recipe, run, monkeypatch, tmp_path: Path
):
    path = recipe()
    whole = files(run(path, out="whole", memory=tmp_path / "m1").dataset)
    with monkeypatch.context() as patched:
        patched.setattr(fitted_choice, "fit_to_pairs", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(path, out="stopped", memory=tmp_path / "m2")
    assert files(run(path, out="stopped", memory=tmp_path / "m2").dataset) == whole


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_chooses_the_same(recipe, run, tmp_path: Path, workers: int):
    path = recipe(filter=KEEP)
    alone = files(run(path, out="alone", memory=tmp_path / "m1").dataset)
    assert files(run(path, f"workers={workers}", out="several", memory=tmp_path / "m2").dataset) == alone


def test_too_few_rows_leave_the_engines_likeliest_translation(recipe, run):
    """Nothing is usual among them, so the choice goes by the log-probability, and the file says so."""
    dataset = run(recipe(CAPTIONS[:10], score={"scorers": ["nmt"]})).dataset
    assert read_fit("dataset", dataset / "choice.json").rows() == {}


def test_a_fit_to_another_model_is_not_taken(recipe, monkeypatch, tmp_path: Path):
    job = prepare(load_recipe(str(recipe())), out=tmp_path / "out")
    published = SimpleNamespace(facts={})
    for model, open_still in (("fake", False), ("another", True)):
        content = shipped_fit().content.model_copy(update={"engine": model})
        monkeypatch.setattr(fitted_choice, "recorded_choice", lambda *_, content=content: QualityFit(content))
        assert undecided(fitted_choice.with_kept_choice(job, published).translator) == open_still


def test_an_edited_fit_is_refused(recipe, run):
    path = recipe()
    file = run(path).dataset / "choice.json"
    file.write_text(file.read_text().replace('"likely": 0.', '"likely": 0.1', 1))
    with pytest.raises(InputError, match=r"choice\.json: it is not the fit that the manifest names"):
        run(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"routing": {"languages": {"fra_Latn": {"engine": "fake", "fault": "echo"}}}},
        {"routing": {"second": ENGINE}, "translate": {"engine": "fake"}},
    ],
)
def test_a_fit_of_several_engines_is_refused_before_work(recipe, tmp_path: Path, changes):
    path = recipe(score={"scorers": ["nmt"]}, **changes)
    with pytest.raises(InputError, match="quality_fit: build: the fit is of the one engine that translates"):
        prepare(load_recipe(str(path)), out=tmp_path / "out")
