"""What a build promises, shown with the fake engine."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import polars as pl
import pytest
import yaml

from glotmill.engine.commands.summary import BuildSummary
from glotmill.engine.dataset.commit import INTENT, STAGING
from glotmill.engine.records import build_shards
from glotmill.engine.translators import fake
from glotmill.engine.workers.stopping import StopSwitch
from glotmill.schemas.errors import ConservationError, InputError, WorkerError


def files(dataset: Path) -> dict[str, str]:
    """Checksum of each file of a dataset by its relative name."""
    return {
        p.relative_to(dataset).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(dataset.rglob("*"))
        if p.is_file()
    }


def records(dataset: Path, lang: str) -> pl.DataFrame:
    return pl.read_parquet(sorted((dataset / "data" / lang).glob("*.parquet")))


def test_a_dataset_is_exactly_these_files(recipe_file, run):
    dataset = run(recipe_file()).dataset
    assert set(files(dataset)) == {
        "README.md", "LICENSES.md", "recipe.lock.yaml", "manifest.json", "manifests/deu_Latn.json",
        "manifests/swh_Latn.json",
        "data/deu_Latn/train-00000.parquet", "data/swh_Latn/train-00000.parquet",
    }  # fmt: skip


def test_both_balances_come_out(recipe_file, run, captions):
    captions.write_text(captions.read_text() + "{broken\n")
    summary = run(recipe_file())
    source = summary.sources["small"]
    assert (source.read, source.samples, source.rejected) == (41, 40, 1)
    for lang, count in summary.languages.items():
        assert count.rows == 40 == count.kept + sum(count.dropped.values()) + sum(count.failed.values())
        assert records(summary.dataset, lang).height == 40


def test_shards_are_the_same_bytes_whether_they_are_finished_together_or_not(recipe_file, run, monkeypatch, tmp_path):
    recipe = recipe_file(pack={"shard_rows": 3})
    together = files(run(recipe).dataset)
    monkeypatch.setattr(build_shards, "FINISHED_TOGETHER", 0)
    alone = files(run(recipe, out=tmp_path / "alone").dataset)
    assert len([path for path in alone if path.endswith(".parquet")]) == 28
    assert alone == together


def test_languages_have_the_same_source_rows_in_the_same_order(recipe_file, run):
    dataset = run(recipe_file()).dataset
    one, other = (records(dataset, lang) for lang in ("deu_Latn", "swh_Latn"))
    assert one["source_id"].equals(other["source_id"])
    assert one["source_messages"].equals(other["source_messages"])
    assert one["record_id"].n_unique() + other["record_id"].n_unique() == 80


def test_the_answer_equals_its_choice_in_every_language(recipe_file, run):
    dataset = run(recipe_file()).dataset
    for lang in ("deu_Latn", "swh_Latn"):
        row = records(dataset, lang).filter(task="vqa_mc").row(0, named=True)
        assert row["messages"][1]["content"] == row["choices"][row["answer_index"]] == row["answers"][0]
        assert row["choices"][0] != row["source_choices"][0]


def test_a_failed_record_keeps_its_place_with_null_target_text_and_its_reason(recipe_file, run):
    summary = run(recipe_file(translate={"engine": "fake", "fault": "empty", "fault_every": 4}, max_failed=1))
    rows = records(summary.dataset, "deu_Latn")
    failed = rows.filter(row_status="failed")
    assert rows.height == 40
    assert 0 < failed.height < 40
    assert failed["messages"].null_count() == failed["mt"].null_count() == failed.height
    assert failed["filter_reasons"].to_list() == [["empty_output"]] * failed.height
    assert not failed["keep"].any()
    assert summary.languages["deu_Latn"].failed == {"empty_output": failed.height}


def test_failures_are_asked_again_on_request(recipe_file, run):
    recipe = recipe_file(translate={"engine": "fake", "fault": "empty", "fault_every": 4}, max_failed=1)
    first = run(recipe)
    again = run(recipe)
    retried = run(recipe, retry_failed=True)
    assert again.segments.translated == 0
    assert 0 < retried.segments.translated < first.segments.translated


def test_more_failures_than_allowed_are_told(recipe_file, run):
    engine = {"engine": "fake", "fault": "empty", "fault_every": 4}
    assert run(recipe_file(translate=engine)).too_many_failed
    assert not run(recipe_file(translate=engine, max_failed=1), out="other").too_many_failed


def test_a_second_build_translates_nothing_and_gives_the_same_bytes(recipe_file, run):
    recipe = recipe_file()
    first = run(recipe)
    before = files(first.dataset)
    second = run(recipe)
    assert (second.segments.translated, second.back_translation.translated) == (0, 0)
    assert files(second.dataset) == before


def test_a_build_from_the_memory_alone_gives_the_same_bytes(recipe_file, run):
    first = run(recipe_file(), out="one")
    second = run(recipe_file(), out="two")
    assert second.segments.translated == 0
    assert files(first.dataset) == files(second.dataset)


def test_adding_a_language_translates_only_that_language(recipe_file, run):
    first = run(recipe_file())
    second = run(recipe_file(languages=["deu_Latn", "swh_Latn", "fra_Latn"]))
    assert second.segments.from_memory == first.segments.unique
    assert second.segments.translated == first.segments.unique // 2
    kept = {name: sha for name, sha in files(first.dataset).items() if name.startswith("data/")}
    assert kept.items() <= files(second.dataset).items()


def test_a_threshold_changes_verdicts_and_translates_nothing(recipe_file, run):
    engine = {"engine": "fake", "fault": "wrong_language", "fault_every": 2}
    loose = run(recipe_file(filter={"round_trip": {"min_chrf": 0}}, translate=engine))
    strict = run(recipe_file(filter={"round_trip": {"min_chrf": 100}}, translate=engine))
    off = run(recipe_file(filter={"round_trip": {"min_chrf": 100, "chrf": {"action": "off"}}}, translate=engine))
    assert (strict.segments.translated, strict.back_translation.translated) == (0, 0)
    kept = [summary.languages["deu_Latn"].kept for summary in (loose, strict, off)]
    assert kept[1] < kept[0] == kept[2] == 40
    assert strict.languages["deu_Latn"].dropped == {"round_trip.chrf": 40 - kept[1]}


def test_english_rows_of_a_mix_are_the_source(recipe_file, run):
    rows = records(run(recipe_file(languages=["eng_Latn", "deu_Latn"])).dataset, "eng_Latn")
    assert rows["messages"].equals(rows["source_messages"].rename("messages"))
    assert rows["mt"].null_count() == 40
    assert rows["keep"].all()


def test_nothing_in_a_dataset_tells_where_when_or_how_wide_it_was_made(recipe_file, run, tmp_path):
    dataset = run(recipe_file(workers=0)).dataset
    other = run(recipe_file(memory=str(tmp_path / "elsewhere")), out="deep/er").dataset
    assert files(dataset) == files(other)
    for name in ("manifest.json", "recipe.lock.yaml", "README.md"):
        text = (dataset / name).read_text()
        assert str(tmp_path) not in text
        assert "worker" not in text
        assert "memory" not in text


def test_the_manifest_names_every_shard_with_its_checksum_and_the_sources(recipe_file, run):
    dataset = run(recipe_file()).dataset
    root = orjson.loads((dataset / "manifest.json").read_bytes())
    found = files(dataset)
    for entry in root["configs"].values():
        assert found[entry["manifest"]] == entry["sha256"]
        (shard,) = orjson.loads((dataset / entry["manifest"]).read_bytes())["splits"]["train"]
        assert found[shard["path"]] == shard["sha256"]
        assert (dataset / shard["path"]).stat().st_size == shard["size"]
    (source,) = root["sources"]
    assert (source["files"]["path"]["file"], source["read"], source["samples"], source["rejected"]) == (
        "samples.jsonl",
        40,
        40,
        0,
    )


def test_the_lock_is_the_resolved_recipe(recipe_file, run):
    dataset = run(recipe_file(), "limit=7", "filter.round_trip.min_chrf=12").dataset
    lock = yaml.safe_load((dataset / "recipe.lock.yaml").read_text())
    assert (lock["limit"], lock["filter"]) == (7, {"round_trip": {"min_chrf": 12.0}})
    assert lock["sources"]["small"]["path"] == "samples.jsonl"


def test_rows_are_cut_into_shards_and_row_groups_as_the_recipe_says(recipe_file, run):
    dataset = run(recipe_file(pack={"shard_rows": 16, "row_group_rows": 6})).dataset
    shards = orjson.loads((dataset / "manifests/deu_Latn.json").read_bytes())["splits"]["train"]
    assert [shard["row_groups"] for shard in shards] == [[6, 6, 4], [6, 6, 4], [6, 2]]
    assert [shard["path"][-9:] for shard in shards] == ["0.parquet", "1.parquet", "2.parquet"]
    whole = run(recipe_file(), out="whole").dataset
    assert records(dataset, "deu_Latn").equals(records(whole, "deu_Latn"))


def test_a_crashed_build_leaves_the_old_dataset_and_no_staging(recipe_file, run, tmp_path):
    before = files(run(recipe_file()).dataset)
    with pytest.raises(WorkerError):
        run(recipe_file(translate={"engine": "fake", "batch_tokens": 128, "fault": "echo", "crash_at_batch": 1}))
    assert files(tmp_path / "out/dataset") == before
    assert not (tmp_path / "out" / STAGING).exists()


def test_an_interrupted_commit_is_finished_by_the_next_build(recipe_file, run, tmp_path, monkeypatch):
    old = files(run(recipe_file()).dataset)
    run(recipe_file(), out="other")
    expected = files(run(recipe_file(limit=9), out="other").dataset)

    class Killed(BaseException):
        pass

    def kill(build: Path) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("glotmill.engine.dataset.commit.recover", kill)
        with pytest.raises(Killed):
            run(recipe_file(limit=9))
    assert (tmp_path / "out" / INTENT).exists()
    again = run(recipe_file(limit=9))
    assert files(again.dataset) == expected
    assert expected != old
    assert not (tmp_path / "out" / INTENT).exists()


def test_an_answer_table_with_another_word_is_another_job(recipe_file, run, tmp_path):
    table = tmp_path / "t.tsv"
    made = []
    for word in ("rot", "knallrot"):
        table.write_text(f"eng_Latn\tdeu_Latn\nred\t{word}\n", encoding="utf-8")
        made.append(run(recipe_file(answers={"table": str(table)})).dataset / "manifest.json")
        made[-1] = orjson.loads(made[-1].read_bytes())["text"]
    assert made[0] != made[1]
    assert len(list((tmp_path / "out/runs").iterdir())) == 2


def test_paths_with_pattern_characters_are_plain_paths(recipe_file, run, tmp_path):
    recipe = recipe_file()
    (tmp_path / "mema").mkdir()
    first = run(recipe, out="o[bold]", memory=tmp_path / "mem[ab]")
    again = run(recipe, out="o[bold]", memory=tmp_path / "mem[ab]")
    assert again.segments.translated == 0
    assert files(first.dataset) == files(again.dataset)


def test_a_folder_with_a_dataset_of_somebody_elses_is_refused_and_left_alone(recipe_file, run, tmp_path):
    (tmp_path / "out/dataset").mkdir(parents=True)
    (tmp_path / "out/dataset/thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="did not make"):
        run(recipe_file())
    assert (tmp_path / "out/dataset/thesis.txt").read_text() == "mine"


def test_spared_scores_are_named_and_keep_a_record_out_until_it_is_scored(recipe_file, run):
    lost = {"user": {"german": {"fails": "lang = 'deu_Latn'"}}}
    summary = run(recipe_file(filter=lost, score={"scorers": ["integrity", "round_trip"], "skip_rejected": True}))
    rows = pl.read_parquet(str(summary.dataset / "data/*/*.parquet"))
    spared = rows.filter(pl.col("lang") == "deu_Latn")
    assert set(map(tuple, spared["scores_skipped"].to_list())) == {("round_trip",)}
    assert set(map(tuple, spared["filter_reasons"].to_list())) == {("user.german", "needs_score.round_trip")}
    assert spared["score_round_trip_chrf"].null_count() == spared.height
    assert summary.languages["deu_Latn"].dropped == {"user.german": spared.height}
    others = rows.filter(pl.col("lang") != "deu_Latn")
    assert others["score_round_trip_chrf"].null_count() < others.height
    assert others["scores_skipped"].list.len().sum() == 0
    assert spared["back_messages"].null_count() == spared.height
    assert 2 * summary.back_translation.unique == summary.segments.unique  # German did not go back


def test_sparing_changes_no_record_that_is_not_rejected_and_keeps_what_others_share(recipe_file, run):
    scorers = ["integrity", "nmt", "negation", "fan_in", "round_trip", "cross_entropy"]
    low = {"user": {"low": {"fails": "score_nmt_logprob < -0.6"}}}

    def built(skip: bool, out: str) -> tuple[BuildSummary, pl.DataFrame]:
        summary = run(recipe_file(filter=low, score={"scorers": scorers, "skip_rejected": skip}), out=out)
        return summary, pl.read_parquet(str(summary.dataset / "data/*/*.parquet"))

    # The sparing build first: a memory that knows more would hide a back-translation that is missing.
    less, sparing = built(True, "sparing")
    more, whole = built(False, "whole")
    assert 0 < less.back_translation.unique < more.back_translation.unique
    assert 0 < less.forced.unique < more.forced.unique
    kept = whole["keep"]
    assert 0 < kept.sum() < kept.len()
    assert sparing["keep"].equals(kept)
    assert sparing.filter(kept).equals(whole.filter(kept))
    assert set(map(tuple, sparing.filter(~kept)["scores_skipped"].to_list())) == {("round_trip", "cross_entropy")}


def test_rows_of_a_shard_that_share_a_translation_are_counted_across_row_groups(recipe_file, run, tmp_path):
    source = tmp_path / "many.jsonl"
    ends = [".", "!", "?", " .", " !", " ?", "..", "!!"]
    rows = [{"id": end, "task": "caption", "image": "a.jpg", "caption": f"Dogs run over the wide green grass{end}"}
            for end in ends]  # fmt: skip
    source.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    recipe = recipe_file(
        sources={"many": {"format": "jsonl", "path": str(source), "license": "cc0-1.0"}},
        languages=["deu_Latn"],
        score={"scorers": ["fan_in"]},
        pack={"row_group_rows": 3, "shard_rows": 8},
    )
    built = pl.read_parquet(str(run(recipe).dataset / "data/*/*.parquet"))
    assert built["score_fan_in_sources"].to_list() == [8.0] * 8
    assert built["filter_reasons"].to_list() == [["fan_in.sources"]] * 8


@pytest.mark.parametrize("check", ["check_sources", "check_languages"])
def test_a_balance_that_does_not_come_out_stops_the_commit(recipe_file, run, tmp_path, monkeypatch, check: str):
    def wrong(*_: object) -> None:
        raise ConservationError("lost")

    monkeypatch.setattr(f"glotmill.engine.commands.build.{check}", wrong)
    with pytest.raises(ConservationError, match="lost"):
        run(recipe_file())
    assert not (tmp_path / "out/dataset").exists()


def test_a_stop_asked_for_when_nothing_is_left_to_translate_stops_the_build_all_the_same(
    recipe_file, run, tmp_path, monkeypatch
):
    run(recipe_file())
    shutil.rmtree(tmp_path / "out")

    @contextmanager
    def stopped(_tell, *, handle):
        switch = StopSwitch()
        switch.asked = True
        yield switch

    monkeypatch.setattr("glotmill.engine.commands.make_records.stop_on_signal", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(recipe_file())
    assert not (tmp_path / "out/dataset").exists()


def test_each_shard_has_the_fingerprint_of_its_own_entries(recipe_file, run):
    dataset = run(recipe_file(pack={"shard_rows": 10, "row_group_rows": 5})).dataset
    shards = json.loads((dataset / "manifests/deu_Latn.json").read_text())["splits"]["train"]
    assert len({shard["fingerprints"]["translate"] for shard in shards}) == len(shards) == 4
    alone = run(recipe_file(pack={"shard_rows": 10, "row_group_rows": 10}), out="other").dataset
    again = json.loads((alone / "manifests/deu_Latn.json").read_text())["splits"]["train"]
    assert len({shard["fingerprints"]["translate"] for shard in again}) == 4


def dull(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the fake engine one that has no forced scores."""
    member = replace(fake.MEMBER, describe=lambda section, _gpus=None: replace(fake.describe(section), scores=False))
    monkeypatch.setattr(fake, "MEMBER", member)


def test_forced_scores_reach_the_records_and_a_second_build_asks_none(recipe_file, run, monkeypatch):
    recipe = recipe_file(score={"scorers": ["integrity", "cross_entropy"]})
    summary = run(recipe)
    rows = pl.read_parquet(str(summary.dataset / "data/*/*.parquet"))
    captions = rows.filter(pl.col("task") == "caption")
    assert captions["score_cross_entropy_reverse"].to_list() == [0.5] * captions.height
    monkeypatch.setattr(fake.FakeTranslator, "score", None)
    again = run(recipe, out="again")
    assert (again.forced.scored, again.forced.from_store) == (0, summary.forced.unique)
    assert files(again.dataset) == files(summary.dataset)


def test_default_scorers_that_do_not_suit_the_engine_are_left_out_and_the_manifest_says_why(
    recipe_file, run, monkeypatch
):
    def built(out: str) -> tuple[list[str], dict[str, str]]:
        dataset = run(recipe_file(score={}), out=out).dataset
        lock = yaml.safe_load((dataset / "recipe.lock.yaml").read_text())
        return lock["score"]["scorers"], orjson.loads((dataset / "manifest.json").read_bytes())["scorers_left_out"]

    scorers, left_out = built("scores")
    assert scorers[-2:] == ["round_trip", "cross_entropy"]
    assert left_out == {"adequacy": "its constants are fitted to another engine than fake"}
    dull(monkeypatch)
    scorers, left_out = built("dull")
    assert scorers[-1] == "round_trip"
    assert left_out == dict.fromkeys(["cross_entropy", "adequacy"], "fake has no forced scores")


def test_a_scorer_that_the_recipe_names_and_the_engine_cannot_serve_is_refused(recipe_file, run, monkeypatch):
    dull(monkeypatch)
    with pytest.raises(InputError, match=r"score\.scorers: cross_entropy cannot run: fake has no forced scores"):
        run(recipe_file(score={"scorers": ["integrity", "cross_entropy"]}))


def test_another_engine_can_translate_back_and_the_way_there_stays_as_it_was(recipe_file, run):
    plain = run(recipe_file())
    other = {"engine": "fake", "fault": "wrong_language", "fault_every": 2}
    summary = run(recipe_file(routing={"back": other}), out="other")
    assert (summary.segments.translated, summary.back_translation.translated) == (0, plain.back_translation.unique)
    before, after = (records(built.dataset, "deu_Latn") for built in (plain, summary))
    assert after["messages"].equals(before["messages"])
    assert after["mt"].equals(before["mt"])
    worse = after["score_round_trip_chrf"] < before["score_round_trip_chrf"]
    assert 0 < worse.sum() < worse.len()
    manifest = orjson.loads((summary.dataset / "manifest.json").read_bytes())
    assert {engine["fault"] for engine in manifest["translators"].values()} == {None, "wrong_language"}


def test_an_engine_that_lacks_a_language_cannot_translate_back(recipe_file, run):
    with pytest.raises(InputError, match="the model embedded lacks swh_Latn"):
        run(recipe_file(routing={"back": {"engine": "nllb"}}))


SCENE = (
    "A tall woman is carrying a heavy {} across the busy street.",
    "Behind her two children have stopped beside their old {}.",
    "Some birds rest on the roof, right above one broken {}.",
    "Nobody seems to notice how quickly dark clouds gather over that {}.",
    "At the corner an elderly man sells flowers from his painted {}.",
    "It could be early spring, since every {} still looks bare.",
)


def test_a_reply_of_which_one_sentence_stayed_english_is_dropped_and_no_other(recipe_file, run, tmp_path):
    things = ("basket", "ladder", "wagon", "trunk", "barrel", "table", "bench", "window", "lantern", "statue")
    scenes = [[sentence.format(thing) for sentence in SCENE] for thing in things]
    replies = [{"id": f"t{n}", "task": "conversation", "images": [f"{n}.jpg"], "messages": [
        {"role": "user", "content": "<image>\nWhat is this?"}, {"role": "assistant", "content": " ".join(scene)}]}
        for n, scene in enumerate(scenes)]  # fmt: skip
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    made = run(recipe_file(
        sources={"replies": {"format": "jsonl", "path": str(tmp_path / "replies.jsonl"), "license": "mit"}},
        languages=["deu_Latn"], translate={"engine": "fake", "fault": "echo", "fault_every": 15},
        score={"scorers": ["lexical"]},
    ))  # fmt: skip
    rows = records(made.dataset, "deu_Latn")
    texts = rows["messages"].list.last().struct.field("content")
    left = [sum(sentence in text for scene in scenes for sentence in scene) for text in texts]
    assert set(left) == {0, 1}
    assert rows["filter_reasons"].to_list() == [["lexical.segment_copy"] if one else [] for one in left]


def test_a_build_leaves_the_collector_as_it_was(recipe_file, run):
    before = gc.get_threshold()
    run(recipe_file())
    with pytest.raises(InputError):
        run(recipe_file(), "sources.small.path=nowhere.jsonl")
    assert gc.get_threshold() == before
