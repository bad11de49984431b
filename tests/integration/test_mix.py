"""Languages and splits are decided once, reach the published files, and stay when rows are appended."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import polars as pl
import pytest
from datasets import load_dataset
from rich.console import Console

from glotmill.engine.cli.build_page import print_summary
from glotmill.schemas.errors import InputError

ONE_EACH = {"mode": "one_each", "weights": {"eng_Latn": 2, "deu_Latn": 1, "swh_Latn": 1}}
LANGUAGES = ["eng_Latn", "deu_Latn", "swh_Latn"]


def held(out: Path) -> dict[str, tuple[tuple[str, ...], str]]:
    frame = pl.read_parquet(out / "samples/small.parquet", columns=["source_id", "langs", "split"])
    return {source_id: (tuple(langs), split) for source_id, langs, split in frame.iter_rows()}


def append(captions: Path, count: int) -> None:
    rows = [
        {"id": f"n{i}", "task": "caption", "image": f"n{i}.jpg", "caption": f"Cat {i} sleeps."} for i in range(count)
    ]
    captions.write_text("".join(json.dumps(row) + "\n" for row in rows) + captions.read_text())


def test_one_each_gives_every_sample_one_language_and_the_records_follow(recipe_file, run, tmp_path):
    summary = run(recipe_file(languages=LANGUAGES, mix=ONE_EACH))
    assert {lang: count.rows for lang, count in summary.languages.items()} == {
        "eng_Latn": 20, "deu_Latn": 10, "swh_Latn": 10
    }  # fmt: skip
    for lang in LANGUAGES:
        found = pl.read_parquet(summary.dataset / f"data/{lang}/*.parquet")["source_id"].to_list()
        assert found == [source_id for source_id, (langs, _) in held(tmp_path / "out").items() if langs == (lang,)]


def test_appended_rows_move_nobody_and_translate_only_themselves(recipe_file, run, captions, tmp_path):
    recipe = recipe_file(languages=LANGUAGES, mix=ONE_EACH, splits={"validation": 0.3})
    first = run(recipe)
    before = held(tmp_path / "out")
    append(captions, 8)
    second = run(recipe)
    after = held(tmp_path / "out")
    assert {source_id: after[source_id] for source_id in before} == before
    assert second.mix.moved == 0
    assert second.mix.targets() == {"eng_Latn": 24, "deu_Latn": 12, "swh_Latn": 12}
    assert sum(count.rows for count in second.languages.values()) == 48
    assert second.segments.translated < first.segments.translated / 2


def test_a_changed_weight_table_moves_samples_and_counts_them(recipe_file, run, tmp_path):
    run(recipe_file(languages=LANGUAGES, mix=ONE_EACH))
    before = held(tmp_path / "out")
    weights = {"eng_Latn": 1, "deu_Latn": 1, "swh_Latn": 2}
    summary = run(recipe_file(languages=LANGUAGES, mix={**ONE_EACH, "weights": weights}))
    after = held(tmp_path / "out")
    moved = sum(after[source_id][0] != before[source_id][0] for source_id in before)
    assert summary.mix.moved == moved == 10
    assert summary.as_json()["mix"]["moved"] == 10


def test_splits_reach_the_files_the_manifest_the_card_and_datasets(recipe_file, run):
    summary = run(recipe_file(splits={"validation": 0.25, "test": 0.25, "seed": 1}))
    names = {path.name for path in (summary.dataset / "data/deu_Latn").iterdir()}
    assert names == {"train-00000.parquet", "validation-00000.parquet", "test-00000.parquet"}
    manifest = orjson.loads((summary.dataset / "manifests/deu_Latn.json").read_bytes())
    assert set(manifest["splits"]) == {"train", "validation", "test"}
    loaded = load_dataset(str(summary.dataset), "deu_Latn_all")
    assert sum(len(part) for part in loaded.values()) == 40
    assert {name: len(part) for name, part in loaded.items()} == summary.mix.splits
    images = [{ref["image_id"] for row in part for ref in row["image_refs"]} for part in loaded.values()]
    assert not images[0] & images[1] | images[0] & images[2] | images[1] & images[2]


def test_a_language_the_backend_lacks_is_refused_before_any_work_and_backends_are_named(recipe_file, run, tmp_path):
    recipe = recipe_file(languages=["deu_Latn", "sun_Latn"], translate={"engine": "nllb"})
    with pytest.raises(InputError, match=r"lacks sun_Latn.*these have them: nllb \(NLLB-200\), .*, fake"):
        run(recipe)
    assert not (tmp_path / "out").exists()


def test_the_summary_shows_targets_beside_rows(recipe_file, run):
    console = Console(record=True, width=200)
    print_summary(run(recipe_file(languages=LANGUAGES, mix=ONE_EACH, splits={"test": 0.5})), console)
    text = console.export_text()
    assert text.split()[:3] == ["language", "target", "rows"]
    assert "eng_Latn English 20 20" in " ".join(text.split())
    assert "splits: " in text


def test_a_shortage_is_named_with_its_source_and_language_wherever_a_build_says_what_it_made(
    recipe_file, run, tmp_path
):
    """Rows asked in English and answered in another language may not go into English."""
    pairs = {"kind": "cross_lingual", "sources": ["small"], "mode": "en2x"}
    mix = {"mode": "one_each", "quotas": {"*": 5}}
    recipe = recipe_file(languages=LANGUAGES, mix=mix, derive={"pairs": pairs}, templates={})
    line = "pairs is 5 rows short of its targets, as too few rows may go into eng_Latn (0 of 5)"
    console = Console(record=True, width=200)
    summary = run(recipe)
    print_summary(summary, console)
    assert f"mix: {line}" in console.export_text().splitlines()
    assert summary.mix.sources["pairs"].rows == {"eng_Latn": 0, "deu_Latn": 5, "swh_Latn": 5}
    assert summary.as_json()["mix"]["sources"]["pairs"]["short"] == {"eng_Latn": 5}
    record = orjson.loads((tmp_path / "out/samples/mix.json").read_bytes())
    assert {name: count["short"] for name, count in record["sources"].items()} == {
        "small": {},
        "pairs": {"eng_Latn": 5},
    }
    again = run(recipe)
    assert again.mix.notes == [line]


def test_a_changed_quota_of_a_source_counts_in_fanout_too(recipe_file, run, tmp_path):
    def quota(rows: int):
        return recipe_file(mix={"by_source": {"small": {"quotas": {"deu_Latn": rows}}}})

    assert run(quota(9)).mix.sources["small"].rows["deu_Latn"] == 9
    summary = run(quota(5))
    assert (summary.mix.sources["small"].rows["deu_Latn"], summary.mix.moved) == (5, 4)
    # A record of an earlier version does not say by which quotas it was made: then nobody moves.
    record = tmp_path / "out/samples/mix.json"
    record.write_bytes(orjson.dumps({k: v for k, v in orjson.loads(record.read_bytes()).items() if k != "quotas"}))
    summary = run(quota(3))
    assert (summary.mix.sources["small"].beyond, summary.mix.moved) == ({"deu_Latn": 2}, 0)
    assert summary.mix.notes == [
        "small is 2 rows over its quotas in deu_Latn (5 of 3): an earlier build put the rows there, and as long as the "
        "mix is the same no row moves; another mix.seed shares all out again"
    ]
