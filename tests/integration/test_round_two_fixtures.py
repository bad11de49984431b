"""What users held at the start of the second round stays valid: memories, builds and a published folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from glotmill.engine.commands.build import build
from glotmill.engine.commands.diff import diff
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.publish.addresses import parse_place
from glotmill.engine.publish.origin import open_origin
from glotmill.engine.publish.pull import pull
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.text.segments import split
from glotmill.recipes.sections.templates import load_bank
from glotmill.schemas.errors import InputError
from tests.faults.trials import content

HELD = Path(__file__).parent.parent / "fixtures" / "round_two"
QUIET = ProgressReport()
# Fingerprints of the engines, part of the keys of all entries that users hold.
TRANSLATORS = {
    name: list(json.loads((HELD / f"builds/{name}/dataset/manifest.json").read_bytes())["translators"])
    for name in ("embedded", "fake")
}

# Requests that a build sends there and back although the memory is one of then: templates of the embedded model are
# refused, and those of their kinds that no row drew are tried in two languages (templates.fallback).
SENT = {"embedded": 8, "fake": 0}

# Records that a refilter with the recipe keeps, or rejects for less, by defaults that are floors of no domain now.
# Without a recipe the thresholds are those that the dataset recorded.
MOVED = {"embedded": 7, "fake": 0}

# Another filter for each dataset that changes verdicts, and the one that gives them back.
CHANGES = {
    "embedded": ("filter.round_trip.min_chrf=100", "filter.round_trip.min_chrf=10"),
    "fake": ("filter.script.frac={action: off}", "filter.script.frac={action: reject}"),
}


@pytest.fixture(params=["embedded", "fake"])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """A copy of all that users held."""
    shutil.copytree(HELD, tmp_path / "held")
    return tmp_path / "held"


def job_of(held: Path, name: str, out: str):
    return prepare(load_recipe(str(held / f"{name}.yaml")), out=held / out, memory=held / f"memory_{name}")


def verdicts(dataset: Path) -> pl.DataFrame:
    rows = pl.read_parquet(sorted(dataset.glob("data/*/*.parquet")), columns=["record_id", "keep", "filter_reasons"])
    return rows.sort("record_id")


def test_the_engines_of_old_recipes_have_the_fingerprints_that_old_entries_are_keyed_by(held: Path, name: str):
    assert list(job_of(held, name, "new").facts()["translators"]) == TRANSLATORS[name]


def test_a_build_from_an_old_memory_calls_no_translator_but_for_templates(held: Path, name: str):
    made = build(job_of(held, name, "new"), QUIET)
    assert (made.segments.translated, made.back_translation.translated) == (SENT[name], SENT[name])
    assert made.forced.scored == 0
    assert made.segments.from_memory >= 40
    units = sorted((held / "new/runs").glob("*/units-*.parquet"))
    assert {path.name.rpartition("-")[0] for path in units} == (
        {"units-templates", "units-templates_back"} if SENT[name] else set()
    )
    words = {r for kind in load_bank(None).values() for t in kind for r in split(t.user, "eng_Latn").requests}
    assert {text for path in units for text in pl.read_parquet(path)["text"] if "back" not in path.name} <= words


def test_an_old_build_is_brought_up_to_date_with_templates_alone_translated_and_keeps_its_records_in_their_places(
    held: Path, name: str
):
    dataset = held / "builds" / name / "dataset"
    ids = {shard.path: shard.ids_sha256 for shard in read_manifest(dataset).all_shards()}
    job = job_of(held, name, f"builds/{name}")
    planned = make_plan(job, QUIET)
    assert (planned.calls, planned.back_calls, planned.forced) == (SENT[name], SENT[name], 0)
    made = build(job, QUIET)
    assert (made.segments.translated, made.back_translation.translated) == (SENT[name], SENT[name])
    assert made.forced.scored == 0
    assert {shard.path: shard.ids_sha256 for shard in read_manifest(dataset).all_shards()} == ids
    assert read_manifest(dataset).facts["schema_version"] == 2
    assert verify(dataset, QUIET, deep=True).problems == []


def test_an_old_dataset_is_verified_as_it_is(held: Path, name: str):
    assert verify(held / "builds" / name, QUIET, deep=True).problems == []


def test_an_old_dataset_is_refiltered_by_the_rules_that_it_was_made_with(held: Path, name: str):
    folder = held / "builds" / name
    before, bytes_before = verdicts(folder / "dataset"), content(folder / "dataset")
    assert refilter(folder).flipped == 0
    after = content(folder / "dataset")
    changed = {path for path in after.keys() | bytes_before.keys() if after.get(path) != bytes_before.get(path)}
    # The pages say more of the same dataset than they did, and spell license one way; the manifest has their checksums.
    assert changed == {"manifest.json", "README.md", "LICENSES.md"}
    assert verify(folder, QUIET).unchecked == []
    other, back = CHANGES[name]
    assert refilter(folder, overrides=(other,)).flipped > 0
    assert read_manifest(folder / "dataset").facts["schema_version"] == 1
    assert verify(folder, QUIET, deep=True).problems == []
    refilter(folder, overrides=(back,))
    assert verdicts(folder / "dataset").equals(before)


NEWER_RULES = [
    "numbers.changed",
    "lexical.segment_copy",
    "language_id.segment_english",
    "language_id.segment_mass",
    "language_id.second_margin",
]


def test_rules_on_scores_that_an_old_dataset_lacks_reject_nothing_and_are_named(held: Path, name: str):
    folder = held / "builds" / name
    before = verdicts(folder / "dataset")
    summary = refilter(folder)
    assert (summary.flipped, summary.unjudged) == (0, NEWER_RULES)
    assert verdicts(folder / "dataset").equals(before)
    summary = refilter(folder, recipe=str(held / f"{name}.yaml"))
    assert (summary.flipped, summary.unjudged) == (MOVED[name], NEWER_RULES)
    assert (verdicts(folder / "dataset")["keep"] >= before["keep"]).all()
    with pytest.raises(InputError, match="no column score_lexical_segment_copy, which the filter reads"):
        refilter(folder, overrides=("filter.lexical.max_segment_copy=0.5",))
    build(job_of(held, name, f"builds/{name}"), QUIET)
    assert refilter(folder).unjudged == []


def test_the_recipe_of_an_old_dataset_still_refilters_it(held: Path, name: str):
    folder = held / "builds" / name
    refilter(folder, recipe=str(held / f"{name}.yaml"))
    assert verify(folder, QUIET, deep=True).problems == []


def test_an_old_dataset_is_compared_with_the_one_that_a_build_makes_of_it(held: Path, name: str):
    build(job_of(held, name, "new"), QUIET)
    found = diff(held / "builds" / name, held / "new", rows=True)
    assert "schema_version" in " ".join(found.facts["versions"])
    assert found.added == found.removed == []


@pytest.mark.parametrize("everything", [False, True])
def test_an_old_publication_is_pulled_and_refiltered(held: Path, everything: bool):
    origin = open_origin(parse_place(str(held / "published_embedded"), "PLACE", versions=True))
    pulled = held / "pulled"
    assert pull(origin, pulled, QUIET, everything=everything).shards == 3
    assert refilter(pulled).flipped == 0
    assert refilter(pulled, overrides=(CHANGES["embedded"][0],)).flipped > 0
    assert read_manifest(pulled / "dataset").facts["schema_version"] == 1
