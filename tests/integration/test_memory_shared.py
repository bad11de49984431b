"""What the memory promises to builds: nothing is translated twice, in this build or another, on a disk or on S3."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest

from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.schemas.errors import InputError
from tests.faults.trials import content

ENGINES = {
    "fake": {"engine": "fake", "batch_sensitive": True, "batch_tokens": 128, "unit_tokens": 256},
    "embedded": {"engine": "nllb", "model": "embedded", "beam_size": 2, "batch_tokens": 256, "unit_tokens": 512},
}
SCORERS = {"scorers": ["integrity", "language_id", "nmt", "round_trip"]}


@pytest.fixture(params=["fake", "embedded"])
def engine(request: pytest.FixtureRequest) -> dict:
    return ENGINES[request.param]


def calls(summary) -> int:
    return summary.segments.translated + summary.back_translation.translated


def test_a_second_run_and_a_build_from_the_memory_alone_call_no_translator_and_give_the_same_bytes(
    recipe_file, run, tmp_path: Path, engine: dict
):
    recipe = recipe_file(translate=engine, languages=["deu_Latn", "fra_Latn"], score=SCORERS)
    first = run(recipe)
    made = content(first.dataset)
    assert calls(first) > 100
    assert calls(run(recipe)) == 0
    assert content(first.dataset) == made
    shutil.rmtree(tmp_path / "out")
    assert calls(run(recipe)) == 0
    assert content(first.dataset) == made


def test_another_language_is_all_that_is_translated(recipe_file, run, engine: dict):
    run(recipe_file(translate=engine, languages=["deu_Latn"], score=SCORERS))
    alone = run(recipe_file(translate=engine, languages=["fra_Latn"], score=SCORERS, memory="elsewhere"), out="x")
    both = run(recipe_file(translate=engine, languages=["deu_Latn", "fra_Latn"], score=SCORERS))
    assert both.segments.translated == alone.segments.unique
    assert calls(both) == calls(alone)


def test_one_percent_more_rows_are_all_that_is_translated(recipe_file, run, tmp_path: Path, engine: dict):
    rows = [{"id": f"r{i}", "task": "caption", "image": "a.jpg", "caption": f"A dog and {i} cats."} for i in range(202)]
    lines = [json.dumps(row) + "\n" for row in rows]
    path = tmp_path / "grows.jsonl"
    path.write_text("".join(lines[:200]))
    sources = {"grows": {"format": "jsonl", "path": str(path), "license": "cc0-1.0"}}
    recipe = recipe_file(translate=engine, languages=["deu_Latn"], score=SCORERS, sources=sources)
    assert run(recipe).segments.translated == 200
    path.write_text("".join(lines))
    more = run(recipe)
    assert (more.segments.translated, more.segments.from_memory) == (2, 200)


def test_two_builds_at_once_share_a_memory_and_each_is_reproducible_from_it_alone(
    recipe_file, run, tmp_path: Path, captions: Path, engine: dict
):
    """They ask for the same and for different texts, so they race for numbers and for keys."""
    shared = str(tmp_path / "shared")
    paths = {}
    for name, languages in (("one", ["deu_Latn", "fra_Latn"]), ("two", ["fra_Latn", "ces_Latn"])):
        paths[name] = tmp_path / f"{name}.yaml"
        written = recipe_file(name=name, translate=engine, languages=languages, score=SCORERS, memory=shared)
        written.rename(paths[name])
    made: dict[str, dict[str, str]] = {}
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            made[name] = content(run(paths[name], out=name).dataset)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work, args=(name,)) for name in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for name, path in paths.items():
        shutil.rmtree(tmp_path / name)
        again = run(path, out=name)
        assert calls(again) == 0
        assert content(again.dataset) == made[name]


def test_a_memory_on_s3_gives_the_bytes_of_one_on_a_disk(
    recipe_file, run, tmp_path: Path, s3_bucket: str, engine: dict
):
    options = {"translate": engine, "languages": ["deu_Latn", "fra_Latn"], "score": SCORERS}
    disk = run(recipe_file(**options), out="disk")
    remote = run(recipe_file(**options, memory=f"{s3_bucket}/memory"), out="remote")
    assert calls(remote) == calls(disk)
    assert content(remote.dataset) == content(disk.dataset)
    shutil.rmtree(tmp_path / "remote")
    again = run(recipe_file(**options, memory=f"{s3_bucket}/memory"), out="remote")
    assert calls(again) == 0
    assert content(again.dataset) == content(disk.dataset)


def test_a_builds_own_folder_on_s3_is_refused_with_the_reason(recipe_file):
    with pytest.raises(InputError, match=r"--out s3://bucket/x: a build's folder is local .* commits rename files"):
        prepare(load_recipe(str(recipe_file())), out="s3://bucket/x")


def test_a_correction_reaches_the_record_its_provenance_and_only_its_shards_fingerprint(
    recipe_file, run, tmp_path: Path
):
    from glotmill.engine.memory.corrections import export_tmx, import_tmx
    from glotmill.engine.memory.translations import Memory
    from glotmill.engine.storage.folder import Folder

    recipe = recipe_file(translate=ENGINES["embedded"], languages=["deu_Latn", "fra_Latn"], score=SCORERS)
    dataset = run(recipe).dataset

    def shard(lang: str) -> dict:
        return json.loads((dataset / f"manifests/{lang}.json").read_text())["splits"]["train"][0]

    before = {lang: shard(lang) for lang in ("deu_Latn", "fra_Latn")}
    memory = Memory(Folder(tmp_path / "memory"))
    export_tmx(memory, tmp_path / "x.tmx", ("deu_Latn",))
    lines = (tmp_path / "x.tmx").read_text().splitlines(keepends=True)
    chosen = next(i for i, line in enumerate(lines) if "A small dog on the beach." in line)
    lines[chosen] = lines[chosen].rpartition("<seg>")[0] + "<seg>Ein Hündchen am Strand.</seg></tuv></tu>\n"
    (tmp_path / "x.tmx").write_text("".join(lines))
    assert import_tmx(memory, tmp_path / "x.tmx").corrected == 1

    summary = run(recipe)
    assert (summary.segments.translated, summary.back_translation.translated) == (0, 1)
    assert shard("deu_Latn")["fingerprints"]["translate"] != before["deu_Latn"]["fingerprints"]["translate"]
    assert shard("fra_Latn") == before["fra_Latn"]
    import polars as pl

    (row,) = (
        pl.read_parquet(dataset / "data/deu_Latn/train-00000.parquet")
        .filter(pl.col("mt").struct.field("engines").list.contains("human"))
        .to_dicts()
    )
    assert any("Ein Hündchen am Strand." in turn["content"] for turn in row["messages"])
    assert row["mt"]["engines"] == ["nllb", "human"]
