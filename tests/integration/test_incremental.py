"""A changed threshold, rule, scorer, language or row costs what changed and no more, and the plan says so before."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from itertools import count
from pathlib import Path

import polars as pl
import pytest

from glotmill.engine.commands import report
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import Plan, make_plan
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.dataset.commit import INTENT, recover
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import InputError

LANGS = ("deu_Latn", "swh_Latn")
PACK = {"shard_rows": 15, "row_group_rows": 6}


def files(dataset: Path, pattern: str = "**/*") -> dict[str, str]:
    """Checksum of each file of a dataset by its relative name."""
    return {
        p.relative_to(dataset).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(dataset.glob(pattern))
        if p.is_file()
    }


def records(dataset: Path, lang: str = "deu_Latn") -> pl.DataFrame:
    return pl.read_parquet(sorted((dataset / "data" / lang).glob("*.parquet")))


@pytest.fixture
def recipe(recipe_file):
    """Writes the recipe of these tests: shards of 15 rows, three to a language."""
    return lambda **changes: recipe_file(**{"pack": PACK, **changes})


@pytest.fixture
def plan(tmp_path: Path):
    """Plans a recipe on the folder that `run` builds into."""

    def go(recipe: Path, *overrides: str, **options) -> Plan:
        job = prepare(load_recipe(str(recipe), overrides), out=tmp_path / "out", **options)
        return make_plan(job, ProgressReport())

    return go


def actions(plan: Plan) -> dict[str, int]:
    return dict(Counter(shard.action for shard in plan.shards))


def append(captions: Path, *texts: str, start: int = 100) -> None:
    rows = [
        {"id": f"c{start + i}", "task": "caption", "image": "x.jpg", "caption": text} for i, text in enumerate(texts)
    ]
    captions.write_text(captions.read_text() + "".join(json.dumps(row) + "\n" for row in rows))


def edit(captions: Path, change) -> None:
    rows = [change(json.loads(line)) for line in captions.read_text().splitlines()]
    captions.write_text("".join(json.dumps(row) + "\n" for row in rows if row is not None))


def test_nothing_changed_is_nothing_to_do(recipe, run, plan):
    assert actions(plan(recipe())) == {"new": 6}
    first = files(run(recipe()).dataset)
    again = plan(recipe())
    assert (actions(again), again.calls, again.back_calls, again.changes) == ({"reuse": 6}, 0, 0, [])
    summary = run(recipe())
    assert summary.shards == {"reuse": 6}
    assert files(summary.dataset) == first


def test_a_plan_writes_nothing(recipe, plan, tmp_path):
    plan(recipe())
    assert not (tmp_path / "out").exists()


def test_a_threshold_is_a_new_verdict_of_every_shard_and_a_new_file_of_those_with_a_flipped_row(recipe, run, plan):
    before = files(run(recipe()).dataset, "data/**/*")
    bound = records(run(recipe()).dataset)["score_nmt_logprob"].min() + 0.001
    changed = recipe(filter={"nmt": {"min_logprob": bound}})
    planned = plan(changed)
    assert actions(planned) == {"re-verdict": 6}
    assert {s.why for s in planned.shards} == {f"filter.nmt.min_logprob -1000 → {bound:g}"}
    summary = run(changed)
    after = files(summary.dataset, "data/**/*")
    touched = {path for path in after if after[path] != before[path]}
    assert touched == {shard.path for shard in planned.shards if shard.rows}
    assert 0 < len(touched) < 6
    assert summary.segments.translated == 0


@pytest.mark.parametrize("value", [-0.95, -20.0])
def test_refilter_gives_every_byte_of_a_build_and_back_again(recipe, run, tmp_path, value):
    start = files(run(recipe()).dataset)
    done = refilter(tmp_path / "out", overrides=(f"filter.nmt.min_logprob={value}",))
    built = files(run(recipe(filter={"nmt": {"min_logprob": value}}), out="other").dataset)
    assert files(tmp_path / "out/dataset") == built
    assert (done.flipped > 0) == (value == -0.95)
    refilter(tmp_path / "out", recipe=str(recipe()))
    assert files(tmp_path / "out/dataset") == start


def test_refilter_with_rules_of_the_recipes_own_gives_every_byte_of_a_build(recipe, run, tmp_path):
    mine = {"user": {
        "z": {"fails": "score_nmt_logprob < -1.0"},
        "a": {"fails": "score_nmt_logprob < -0.9", "action": "warn"},
    }}  # fmt: skip
    engine = {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256, "fault": "empty", "fault_every": 5}
    facts = {"translate": engine, "max_failed": 1}
    run(recipe(**facts))
    refilter(tmp_path / "out", recipe=str(recipe(**facts, filter=mine)))
    assert files(tmp_path / "out/dataset") == files(run(recipe(**facts, filter=mine), out="other").dataset)


@pytest.mark.parametrize(
    ("changes", "key"),
    [({"languages": ["deu_Latn"]}, "languages"), ({"score": {"scorers": ["integrity"]}}, "score"),
     ({"translate": {"engine": "fake", "fault": "echo"}}, "translate")],
)  # fmt: skip
def test_refilter_refuses_whatever_is_not_the_filter(recipe, run, tmp_path, changes, key):
    before = files(run(recipe()).dataset)
    with pytest.raises(InputError, match=f"'{key}' differs from the dataset's recipe; use glotmill build"):
        refilter(tmp_path / "out", recipe=str(recipe(**changes)))
    with pytest.raises(InputError, match=r"--set limit=3: refilter changes filter\.… and calibration only"):
        refilter(tmp_path / "out", overrides=("limit=3",))
    assert files(tmp_path / "out/dataset") == before


def test_refilter_refuses_rules_that_decided_what_was_scored(recipe, run, tmp_path):
    run(recipe(score={"scorers": ["integrity", "nmt", "round_trip"], "skip_rejected": True}))
    with pytest.raises(InputError, match=r"score\.skip_rejected.*min_chrf 5 → 40.*use glotmill build"):
        refilter(tmp_path / "out", overrides=("filter.round_trip.min_chrf=40",))


def test_a_new_language_touches_no_other(recipe, run, plan):
    before = files(run(recipe()).dataset, "data/**/*")
    more = recipe(languages=[*LANGS, "fra_Latn"])
    planned = plan(more)
    assert actions(planned) == {"reuse": 6, "new": 3}
    summary = run(more)
    assert summary.segments.translated == planned.calls > 0
    assert before.items() <= files(summary.dataset, "data/**/*").items()


def test_a_language_taken_out_deletes_its_shards_only(recipe, run, plan):
    before = files(run(recipe()).dataset, "data/**/*")
    fewer = recipe(languages=["deu_Latn"])
    assert actions(plan(fewer)) == {"reuse": 3, "delete": 3}
    after = files(run(fewer).dataset, "data/**/*")
    assert after == {path: sha for path, sha in before.items() if "deu_Latn" in path}
    assert not (run(fewer).dataset / "manifests/swh_Latn.json").exists()


def test_a_new_scorer_scores_every_shard_and_translates_nothing(recipe, run, plan):
    run(recipe())
    more = recipe(score={"scorers": ["integrity", "nmt", "round_trip", "lexical"]})
    planned = plan(more)
    assert actions(planned) == {"re-score": 6}
    assert {shard.why for shard in planned.shards} == {"score.scorers + lexical"}
    summary = run(more)
    assert summary.segments.translated == summary.back_translation.translated == 0
    assert files(summary.dataset) == files(run(more, out="other").dataset)


def test_the_pairs_that_a_scorer_has_the_engine_score_are_counted_before_and_are_those_that_it_scores(
    recipe, run, plan
):
    forced = {"scorers": ["integrity", "nmt", "cross_entropy"]}
    ahead = plan(recipe(score=forced)).forced
    run(recipe())
    planned = plan(recipe(score=forced))
    assert (planned.calls, planned.seconds) == (0, None)  # no run scored any
    summary = run(recipe(score=forced))
    assert planned.forced == ahead == summary.forced.scored > 0
    assert plan(recipe(score=forced)).forced == 0
    more = plan(recipe(score=forced, languages=[*LANGS, "fra_Latn"]))
    assert more.forced == more.calls  # each English text was scored alone already
    assert more.seconds is not None


def test_pairs_to_score_are_counted_ahead_where_cheap_rules_spare_some(recipe, run, plan):
    spares = {"scorers": ["integrity", "nmt", "cross_entropy"], "skip_rejected": True}
    planned = plan(recipe(score=spares))
    assert planned.forced == run(recipe(score=spares)).forced.scored > 0


def test_appended_rows_go_to_new_shards(recipe, run, plan, captions):
    before = files(run(recipe()).dataset, "data/**/*")
    append(captions, "A red bird sits on a wire.", "Two cats sleep.")
    planned = plan(recipe())
    assert actions(planned) == {"reuse": 6, "new": 2}
    assert {s.why for s in planned.changes} == {"2 new samples"}
    summary = run(recipe())
    after = files(summary.dataset, "data/**/*")
    assert before.items() <= after.items()
    assert set(after) - set(before) == {f"data/{lang}/train-00003.parquet" for lang in LANGS}
    assert summary.segments.translated == planned.calls
    assert summary.languages["deu_Latn"].rows == 42


def test_a_changed_row_is_made_anew_in_its_place(recipe, run, plan, captions):
    dataset = run(recipe()).dataset
    before, old = files(dataset, "data/**/*"), records(dataset)
    edit(captions, lambda row: {**row, "caption": "A blue boat."} if row["id"] == "c3" else row)
    planned = plan(recipe())
    assert actions(planned) == {"re-translate": 2, "reuse": 4}
    assert {s.why for s in planned.changes} == {"samples: 1 changed"}
    run(recipe())
    after, new = files(dataset, "data/**/*"), records(dataset)
    assert {path for path in after if after[path] != before[path]} == {s.path for s in planned.changes}
    assert new["record_id"].equals(old["record_id"])
    assert [i for i in range(40) if new["content_hash"][i] != old["content_hash"][i]] == [3]
    assert new["source"].struct.field("revision").n_unique() == 2  # the others keep the one they entered at


def test_a_row_that_is_gone_stays_as_withdrawn_and_comes_back(recipe, run, plan, captions, tmp_path):
    dataset = run(recipe()).dataset
    first, old, rows = files(dataset), records(dataset), captions.read_text()
    edit(captions, lambda row: None if row["id"] in ("c3", "c4") else row)
    assert {s.why for s in plan(recipe()).changes} == {"samples: 2 withdrawn"}
    summary = run(recipe())
    new = records(dataset)
    assert new["record_id"].equals(old["record_id"])
    assert new["messages"].equals(old["messages"])
    assert new.filter(~pl.col("keep"))["filter_reasons"].to_list() == [["withdrawn"]] * 2
    assert summary.languages["deu_Latn"].dropped == {"withdrawn": 2}
    again = files(dataset)
    assert run(recipe()).shards == {"reuse": 6}
    refilter(tmp_path / "out", overrides=("filter.nmt.min_logprob=-0.9",))
    assert records(dataset).filter(pl.col("filter_reasons").list.contains("withdrawn"))["record_id"].len() == 2
    refilter(tmp_path / "out", recipe=str(recipe()))
    assert files(dataset) == again
    captions.write_text(rows)
    assert {s.why for s in plan(recipe()).changes} == {"samples: 2 back"}
    run(recipe())
    assert {path: sha for path, sha in files(dataset).items() if path.startswith("data")} == {
        path: sha for path, sha in first.items() if path.startswith("data")
    }


def test_compaction_lays_all_out_anew_without_what_was_withdrawn(recipe, run, captions):
    run(recipe())
    edit(captions, lambda row: None if row["id"] in ("c3", "c4") else row)
    append(captions, "Two cats sleep.")
    run(recipe())
    dataset = run(recipe(), compact=True).dataset
    assert records(dataset).height == 39
    assert [len(pl.read_parquet(p)) for p in sorted(dataset.glob("data/deu_Latn/*"))] == [15, 15, 9]


def test_published_rows_do_not_move_into_another_split_and_that_is_said_before_anything_is_translated(
    recipe, run, plan, captions, tmp_path
):
    run(recipe())
    memory = files(tmp_path / "memory")
    append(captions, "A text that would have to be translated.")
    for command in (run, plan):
        with pytest.raises(InputError, match=r"would leave the split train.*build --compact"):
            command(recipe(splits={"test": 0.5}))
    assert files(tmp_path / "memory") == memory


@pytest.mark.parametrize("name", ["small.parquet", "mix.json"])
def test_an_unreadable_record_of_the_samples_is_one_clear_line_and_compact_goes_on_without_it(
    recipe, run, plan, tmp_path, name
):
    dataset = run(recipe()).dataset
    before = files(dataset)
    (tmp_path / "out" / "samples" / name).write_bytes(b"\x00 not what a build wrote")
    changed = recipe(languages=[*LANGS, "fra_Latn"])  # else nothing is looked at
    for command in (run, plan):
        with pytest.raises(InputError, match=rf"{name}: not the record that a build wrote.*build --compact"):
            command(changed)
    assert files(dataset) == before
    shutil.rmtree(tmp_path / "out" / "samples")
    assert files(run(recipe(), compact=True).dataset) == before


def test_a_commit_whose_files_were_deleted_is_given_up_by_compact_alone(recipe, run, tmp_path):
    dataset = run(recipe()).dataset
    before = files(dataset)
    (dataset / "data/deu_Latn/train-00000.parquet").unlink()
    intent = tmp_path / "out" / INTENT
    lost = '{"move": ["dataset/data/deu_Latn/train-00000.parquet"], "delete": []}'
    intent.write_text(lost)
    with pytest.raises(InputError, match="neither staged nor in place; glotmill build --compact rewrites everything"):
        run(recipe())
    mix = tmp_path / "out/samples/mix.json"
    kept = mix.read_bytes()
    mix.write_bytes(b"{")
    with pytest.raises(InputError, match="not the record"):  # given up, and not rebuilt: no dataset to anyone
        run(recipe(), compact=True)
    with pytest.raises(InputError):
        refilter(tmp_path / "out")
    mix.write_bytes(kept)
    assert files(run(recipe(), compact=True).dataset) == before
    assert not intent.exists()


def test_a_correction_touches_the_shards_that_hold_it(recipe, run, plan, tmp_path):
    from glotmill.engine.memory.entries import HUMAN, MEMORY_SCHEMA
    from glotmill.engine.memory.translations import Memory
    from glotmill.engine.storage.folder import Folder

    dataset = run(recipe()).dataset
    before = files(dataset, "data/**/*")
    entry = {
        "key": "k", "translator": HUMAN, "source_lang": "eng_Latn", "target_lang": "deu_Latn",
        "request": "A dog number 3 runs on the grass.", "text": "Hund Nummer 3 läuft.", "attempt": 1, "settings": "",
        "origin": HUMAN,
    }  # fmt: skip
    import pyarrow as pa

    Memory(Folder(tmp_path / "memory")).correct(pa.Table.from_pylist([entry], schema=MEMORY_SCHEMA))
    planned = plan(recipe())
    assert [s.path for s in planned.changes] == ["data/deu_Latn/train-00000.parquet"]
    run(recipe())
    after = files(dataset, "data/**/*")
    assert {path for path in after if after[path] != before[path]} == {"data/deu_Latn/train-00000.parquet"}
    assert records(dataset)["messages"][3][-1]["content"] == "Hund Nummer 3 läuft."


def test_another_engine_setting_names_itself(recipe, run, plan):
    run(recipe())
    planned = plan(
        recipe(translate={"engine": "fake", "batch_tokens": 128, "unit_tokens": 256, "fault": "echo", "fault_every": 9})
    )
    assert actions(planned) == {"re-translate": 6}
    assert all(s.why.startswith("translate.") for s in planned.changes)


def test_an_edited_shard_is_refused(recipe, run, plan, tmp_path):
    dataset = run(recipe()).dataset
    path = dataset / "data/deu_Latn/train-00001.parquet"
    whole = path.read_bytes()
    for content, why in (
        (whole[:-8] + b"????PAR1", "(cannot be read|its checksum is not the one in the manifest)"),
        (path.with_name("train-00000.parquet").read_bytes(), "its checksum is not the one in the manifest"),
    ):
        path.write_bytes(content)
        for command in (lambda: run(recipe()), lambda: plan(recipe()), lambda: refilter(tmp_path / "out")):
            with pytest.raises(InputError, match=rf"train-00001\.parquet: {why}"):
                command()


@pytest.mark.parametrize("version", [99, None])
def test_a_folder_of_another_format_is_refused(recipe, run, plan, tmp_path, version):
    dataset = run(recipe()).dataset
    manifest = json.loads((dataset / "manifest.json").read_text())
    (dataset / "manifest.json").write_text(json.dumps({**manifest, "manifest_version": version}))
    for command in (lambda: run(recipe()), lambda: plan(recipe()), lambda: refilter(tmp_path / "out")):
        with pytest.raises(InputError, match=r"manifest\.json: format .* this version reads format 1"):
            command()


class Killed(BaseException):
    pass


def test_a_refilter_killed_at_any_write_leaves_the_old_dataset_or_after_recovery_the_new(
    recipe, run, tmp_path, monkeypatch
):
    start = run(recipe()).dataset
    old, replace = files(start), Path.replace
    rules = ("filter.nmt.min_logprob=-0.95",)
    shutil.copytree(tmp_path / "out", tmp_path / "whole")
    refilter(tmp_path / "whole", overrides=rules)
    new = files(tmp_path / "whole/dataset")
    left = Counter()
    for step in count(1):
        build = tmp_path / f"trial{step}"
        shutil.copytree(tmp_path / "out", build)
        calls = count(1)

        def dying(self, target, *, at=step, calls=calls):
            if next(calls) == at:
                raise Killed
            return replace(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", dying)
            try:
                refilter(build, overrides=rules)
            except Killed:
                pass
            else:
                break
        recover(build)
        found = files(build / "dataset")
        assert found in (old, new)
        left["old" if found == old else "new"] += 1
        refilter(build, overrides=rules)
        assert files(build / "dataset") == new
    assert left["old"] > 0 < left["new"]


def test_a_source_that_changed_its_schema_is_refused_and_the_dataset_stays(recipe, run, plan, captions):
    dataset = run(recipe()).dataset
    before = files(dataset)
    edit(captions, lambda row: {"key": row["id"], "text": "A dog."})
    for command in (run, plan):
        with pytest.raises(InputError, match=r"sources\.small\.path: samples\.jsonl has no usable row among 40"):
            command(recipe())
    assert files(dataset) == before


def forget(build: Path) -> None:
    """Take away the record by which a build knows that only rules can have changed."""
    for path in build.glob("runs/*/memory.json"):
        path.unlink()


def forbidden(*arguments, **options):
    raise AssertionError("not to be looked at again")


@pytest.mark.parametrize("change", [{}, {"filter": {"nmt": {"min_logprob": -0.95}}}])
def test_where_only_rules_can_have_changed_nothing_is_read_again_and_the_bytes_are_those_of_the_long_way(
    recipe, run, plan, tmp_path, monkeypatch, change
):
    run(recipe())
    shutil.copytree(tmp_path / "out", tmp_path / "long")
    forget(tmp_path / "long")
    planned = plan(recipe(**change))
    with monkeypatch.context() as patch:
        for name in ("glotmill.engine.commands.build.make_samples", "glotmill.engine.commands.plan.make_samples"):
            patch.setattr(name, forbidden)
        assert plan(recipe(**change)) == planned
        short = run(recipe(**change))
    long = run(recipe(**change), out="long")
    assert files(short.dataset) == files(long.dataset)
    placed = {"dataset": 0, "report": 0, "seconds": 0}
    assert {**short.as_json(), **placed} == {**long.as_json(), **placed}


def test_a_plan_the_long_way_says_the_same_of_rules_as_the_short_one(recipe, run, plan, tmp_path):
    run(recipe())
    short = plan(recipe(filter={"nmt": {"min_logprob": -0.95}}))
    forget(tmp_path / "out")
    assert plan(recipe(filter={"nmt": {"min_logprob": -0.95}})) == short


@pytest.mark.parametrize("what", ["row", "memory", "retry", "scorer", "limit"])
def test_anything_else_that_may_have_changed_is_looked_at(recipe, run, captions, tmp_path, monkeypatch, what):
    run(recipe())
    options = {"retry_failed": True} if what == "retry" else {}
    changes = {"score": {"scorers": ["nmt"]}} if what == "scorer" else {"limit": 39} if what == "limit" else {}
    if what == "row":
        append(captions, "Two cats sleep.")
    if what == "memory":
        run(recipe(languages=["fra_Latn"]), out="other")
    monkeypatch.setattr("glotmill.engine.commands.build.make_samples", forbidden)
    with pytest.raises(AssertionError, match="not to be looked at again"):
        run(recipe(**changes), **options)


def test_a_new_writer_packs_every_shard_and_a_refilter_leaves_none_of_the_old_one(recipe, run, plan, monkeypatch):
    from glotmill.engine.dataset.shards import WRITER

    dataset = run(recipe()).dataset
    monkeypatch.setitem(WRITER, "compression_level", 4)
    planned = plan(recipe())
    assert actions(planned) == {"re-pack": 6}
    assert {s.why for s in planned.shards} == {"writer.compression_level 3 → 4"}
    refilter(dataset.parent, overrides=("filter.nmt.min_logprob=-0.95",))
    changed = recipe(filter={"nmt": {"min_logprob": -0.95}})
    assert files(dataset) == files(run(changed, out="other").dataset)


def test_an_edited_lock_is_refused(recipe, run, tmp_path):
    lock = run(recipe()).dataset / "recipe.lock.yaml"
    lock.write_text(lock.read_text().replace("- swh_Latn\n", ""))
    with pytest.raises(InputError, match=r"recipe\.lock\.yaml: its checksum is not the one in the manifest"):
        refilter(tmp_path / "out")
    lock.write_text("{")
    assert run(recipe()).shards == {"reuse": 6}  # a build rebuilds it


def test_scorers_may_be_named_in_any_order(recipe, run, tmp_path):
    named = recipe(score={"scorers": ["round_trip", "nmt", "integrity"]})
    before = files(run(named).dataset)
    refilter(tmp_path / "out", recipe=str(named))
    assert files(tmp_path / "out/dataset") == before


def test_an_answer_that_becomes_frequent_changes_the_records_that_have_it(recipe, run, plan, captions):
    rows = [
        {"id": f"r{i}", "task": "vqa_open", "image": "x.jpg", "question": f"Which is number {i}?", "answers": ["blue"]}
        for i in range(4)
    ]
    captions.write_text(captions.read_text() + json.dumps({"id": "b", "task": "caption", "image": "b.jpg",
                        "caption": "blue"}) + "\n" + "".join(json.dumps(row) + "\n" for row in rows[:2]))  # fmt: skip
    dictionary = recipe(answers={"dictionary": {"min_count": 3}}, pack={"shard_rows": 100, "row_group_rows": 100})
    dataset = run(dictionary).dataset
    captions.write_text(captions.read_text() + "".join(json.dumps(row) + "\n" for row in rows[2:]))
    assert actions(plan(dictionary)) == {"re-translate": 2, "new": 2}
    run(dictionary)
    assert set(records(dataset).filter(pl.col("source_answers").list.contains("blue"))["answers"].list.first()) != {
        "blue"
    }


def test_appended_rows_leave_instructed_samples_as_they_are(recipe, run, plan, captions):
    instructed = recipe(templates={"seed": 5})
    before = files(run(instructed).dataset, "data/**/*")
    append(captions, "Two cats sleep.")
    assert actions(plan(instructed)) == {"reuse": 6, "new": 2}
    assert before.items() <= files(run(instructed).dataset, "data/**/*").items()


def test_an_edited_bank_of_templates_changes_the_records_that_have_its_templates(recipe, run, plan, tmp_path):
    bank = tmp_path / "bank.yaml"
    bank.write_text('vqa_open: {mine: "{question} Say it in {language}."}\n')
    templated = recipe(templates={"bank": str(bank)})
    run(templated)
    bank.write_text('vqa_open: {mine: "{question} Now in {language}."}\n')
    planned = actions(plan(templated))
    summary = run(templated)
    assert summary.shards == planned
    assert planned["re-translate"] > 0
    asked = {turn["content"] for row in records(summary.dataset)["source_messages"] for turn in row}
    assert any("Now in" in text for text in asked)
    assert not any("Say it in" in text for text in asked)


def test_samples_that_a_record_has_twice_are_assigned_once(recipe, run, tmp_path, captions):
    run(recipe())
    path = tmp_path / "out/samples/small.parquet"
    rows = pl.read_parquet(path)
    pl.concat([rows, rows]).write_parquet(path)
    append(captions, "A red boat on the water.")
    assert run(recipe()).sources["small"].samples == rows.height + 1


def test_a_report_that_cannot_be_written_is_said_and_the_new_verdicts_stand(recipe, run, tmp_path, monkeypatch):
    bound = records(run(recipe()).dataset)["score_nmt_logprob"].min() + 0.001

    def damaged(folder, **_options):
        raise InputError("a shard cannot be read")

    monkeypatch.setattr(report, "write_report", damaged)
    done = refilter(tmp_path / "out", overrides=(f"filter.nmt.min_logprob={bound}",))
    assert done.flipped > 0
    assert done.as_json()["notice"] == "the report was not written: a shard cannot be read"
    assert records(done.dataset)["keep"].not_().sum() > 0
