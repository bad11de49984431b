"""What differs between two datasets is told from their manifests; flipped records are named on demand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from glotmill.engine.commands.diff import diff
from glotmill.engine.commands.refilter import refilter
from glotmill.schemas.errors import InputError


@pytest.fixture
def other(small_build: Path) -> Path:
    """A second copy of the small build."""
    return Path(shutil.copytree(small_build, small_build.parent / "other"))


def test_nothing_differs_between_a_build_and_a_copy_of_its_dataset(small_build, other):
    found = diff(small_build, other / "dataset", rows=True)
    assert found.same
    assert (found.facts, found.shards, found.languages, found.flips) == ({}, [], {}, [])


def test_manifests_are_enough(small_build, other):
    refilter(other, overrides=("filter.nmt.min_logprob=-0.9",))
    for build in (small_build, other):
        shutil.rmtree(build / "dataset/data")
    found = diff(small_build, other)
    assert not found.same
    assert found.flips is None
    with pytest.raises(InputError, match="the manifest names it, but it is not there"):
        diff(small_build, other, rows=True)


def test_a_threshold_its_shards_and_its_flips(small_build, other):
    done = refilter(other, overrides=("filter.nmt.min_logprob=-0.9",))
    found = diff(small_build, other, rows=True, ids=1)
    assert found.facts == {"filter": ["filter.nmt.min_logprob -1000 → -0.9"]}
    assert (found.added, found.removed) == ([], [])
    assert {shard.state for shard in found.shards} == {"changed"}
    assert len(found.shards) == done.rewritten
    assert all(shard.stages == ["verdict"] for shard in found.shards)
    flips = {(flip.lang, flip.before, flip.after): flip.count for flip in found.flips or ()}
    assert sum(flips.values()) == done.flipped > 0
    before, after = (
        pl.read_parquet(sorted((build / "dataset/data/deu_Latn").glob("*"))) for build in (small_build, other)
    )
    kept = before.filter(pl.col("keep"))["record_id"]
    lost = after.filter(pl.col("record_id").is_in(kept.implode()) & ~pl.col("keep"))["record_id"]
    assert flips["deu_Latn", "kept", "nmt.logprob"] == lost.len()
    (named,) = [flip.ids for flip in found.flips or () if (flip.lang, flip.before) == ("deu_Latn", "kept")]
    assert named == [lost.sort()[0]]
    # A second reason beside one that counts more is a change, too, and is distinguished.
    assert ("deu_Latn", "user.unsure", "nmt.logprob") in flips
    counts = found.languages["deu_Latn"]
    assert [counts[0].kept - counts[1].kept] == [lost.len()]


def test_shards_of_which_no_verdict_flipped_have_the_same_bytes(small_build, other):
    refilter(other, overrides=("filter.nmt.min_logprob=-500",))
    found = diff(small_build, other, rows=True)
    assert {(shard.state, *shard.stages) for shard in found.shards} == {("same bytes", "verdict")}
    assert found.flips == []
    assert found.languages == {}
    assert not found.same


def test_languages_rows_sources_models_and_scorers(recipe_file, run, captions):
    first = run(recipe_file(), out="first").dataset.parent
    rows = captions.read_text().splitlines()
    captions.write_text("\n".join(rows[:-1]) + "\n")
    changed = recipe_file(
        languages=["deu_Latn", "fra_Latn"],
        translate={"engine": "fake", "batch_tokens": 128, "unit_tokens": 256, "fault": "echo", "fault_every": 9},
        score={"scorers": ["integrity", "nmt", "lexical"]},
        max_failed=0.5,
    )
    found = diff(first, run(changed, out="second").dataset.parent)
    assert (found.added, found.removed) == (["fra_Latn"], ["swh_Latn"])
    assert set(found.facts) == {"sources", "translators", "scorers", "filter", "recipe"}
    assert all(words.startswith("mix") for words in found.facts["recipe"])
    assert "score.scorers + lexical - round_trip" in found.facts["scorers"]
    assert any(words.startswith("sources.small.revision ") for words in found.facts["sources"])
    assert "sources.small.read 40 → 39" in found.facts["sources"]
    assert {shard.path: shard.state for shard in found.shards} == {
        "data/deu_Latn/train-00000.parquet": "changed",
        "data/fra_Latn/train-00000.parquet": "added",
        "data/swh_Latn/train-00000.parquet": "removed",
    }
    (german,) = [shard.stages for shard in found.shards if shard.state == "changed"]
    assert german[:3] == ["ingest", "translate", "score"]
    flips = diff(first, first.parent / "second", rows=True).flips
    assert {(flip.lang, flip.before, flip.after, flip.count) for flip in flips or ()} >= {
        ("swh_Latn", "kept", "absent", 40),
        ("deu_Latn", "kept", "absent", 1),
    }


def test_settings_that_decide_no_record_are_a_difference_by_themselves(small_build, other):
    manifest = json.loads((other / "dataset/manifest.json").read_text())
    manifest["recipe"]["sha256"] = "0" * 64
    (other / "dataset/manifest.json").write_text(json.dumps(manifest))
    assert diff(small_build, other).facts == {
        "recipe": ["other settings in recipe.lock.yaml, none of which the manifest names"]
    }
    manifest["engine_version"] = "99"
    (other / "dataset/manifest.json").write_text(json.dumps(manifest))
    (words,) = diff(small_build, other).facts["versions"]
    assert words.endswith("→ 99")


def test_what_is_no_dataset_is_refused(small_build, tmp_path):
    with pytest.raises(InputError, match=r"no dataset there: expected manifest\.json"):
        diff(small_build, tmp_path)
