"""How many windows a build has, and how many are open at once, leaves no trace in its dataset."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path
from threading import Event, Lock

import polars as pl
import pytest

from glotmill.engine.commands import make_windows
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.dataset.commit import recover
from glotmill.engine.memory.entries import MEMORY_SCHEMA, Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.records import layout, windows
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.folder import Folder
from glotmill.engine.workers.stage_tasks import Held
from glotmill.schemas.errors import WorkerError

CHUNK, RECORDS = 10, 24
LANGS = ["deu_Latn", "fra_Latn", "eng_Latn"]


def files(dataset: Path) -> dict[str, str]:
    """Checksum of each file of a dataset by its relative name."""
    return {
        p.relative_to(dataset).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(dataset.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(autouse=True)
def small_windows(monkeypatch):
    """Has builds of a few dozen records several windows; a call gives them one again."""
    for module in (layout, windows):
        monkeypatch.setattr(module, "CHUNK_ROWS", CHUNK)
    monkeypatch.setattr(windows, "FEWEST_RECORDS", RECORDS)
    return lambda: monkeypatch.setattr(windows, "FEWEST_RECORDS", 10**6)


@pytest.fixture
def rows(captions: Path) -> Path:
    """45 samples; every caption is there twice, far from its like."""
    texts = [f"A dog number {n % 23} runs. It is in a {('red', 'blue')[n % 2]} house." for n in range(45)]
    lines = [{"id": f"c{n}", "task": "caption", "image": "x.jpg", "caption": text} for n, text in enumerate(texts)]
    captions.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return captions


SCORERS = {"scorers": ["integrity", "lexical", "nmt", "round_trip", "cross_entropy", "fan_in"]}


@pytest.fixture
def recipe(recipe_file, rows: Path, tmp_path: Path):
    """A recipe whose shards are cut by windows."""

    def write(name: str = "memory", **changes) -> Path:
        base = {"languages": LANGS, "score": SCORERS, "pack": {"shard_rows": 35, "row_group_rows": 6}}
        return recipe_file(**{**base, "memory": str(tmp_path / name), **changes})

    return write


def unit_files(out: Path) -> list[Path]:
    """The lists of units of a build's windows."""
    return sorted(out.glob("runs/*/windows/*/units-*.parquet"))


def unit_keys(out: Path) -> dict[str, Counter[str]]:
    """How often the runs of a build wrote each key down, by phase."""
    found: dict[str, Counter[str]] = {}
    for path in unit_files(out):
        found.setdefault(path.name.split("-")[1], Counter()).update(pl.read_parquet(path)["key"])
    return found


CASES = {
    "plain": {},
    "spared": {"score": {**SCORERS, "skip_rejected": True}},
    "templates": {"templates": {"instruction": "mixed"}},
}


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_several_windows_make_the_dataset_that_one_makes(recipe, run, tmp_path: Path, small_windows, changes):
    several = run(recipe("several", **changes), out="several")
    assert len(list((tmp_path / "several/runs").glob("*/windows/*"))) > 3
    small_windows()
    one = run(recipe("one", **changes), out="one")
    assert not list((tmp_path / "one/runs").glob("*/windows"))
    assert files(several.dataset) == files(one.dataset)
    assert several.segments.translated == one.segments.translated
    assert several.forced.scored == one.forced.scored


def test_no_text_is_sent_twice(recipe, run, tmp_path: Path):
    run(recipe())
    sent = unit_keys(tmp_path / "out")
    assert set(sent) == {"forward", "back", "forced"}
    assert all(set(keys.values()) == {1} for keys in sent.values())


def test_windows_that_are_open_at_once_send_what_one_after_the_other_sends(recipe, run, tmp_path: Path, monkeypatch):
    changes = {"translate": {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256, "batch_sensitive": True}}
    alone = run(recipe("alone", **changes), out="alone")
    monkeypatch.setattr(make_windows, "windows_at_once", lambda *_: 3)
    together = run(recipe("together", **changes), out="together")
    assert files(alone.dataset) == files(together.dataset)
    lists = [
        {
            path.relative_to(tmp_path / out / "runs").parts[1:]: pl.read_parquet(path)
            for path in unit_files(tmp_path / out)
        }
        for out in ("alone", "together")
    ]
    assert lists[0].keys() == lists[1].keys()
    assert all(lists[0][name].equals(lists[1][name]) for name in lists[0])


def test_a_failure_in_one_window_ends_the_build_and_the_next_run_goes_on(recipe, run, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(make_windows, "windows_at_once", lambda *_: 3)
    whole = run(recipe("whole"), out="whole")
    done = make_windows.BUILD_GROUP
    calls = []

    def fails(work, group):
        calls.append(group)
        if len(calls) == 4:
            raise WorkerError("the disk is full")
        return done(work, group)

    monkeypatch.setattr(make_windows, "BUILD_GROUP", fails)
    with pytest.raises(WorkerError, match="the disk is full"):
        run(recipe())
    monkeypatch.setattr(make_windows, "BUILD_GROUP", done)
    assert files(run(recipe()).dataset) == files(whole.dataset)
    assert {phase: set(keys.values()) for phase, keys in unit_keys(tmp_path / "out").items()} == {
        phase: {1} for phase in ("forward", "back", "forced")
    }


class ApartTasks:
    """Tasks as other processes do them: a window may be joined while the ones before it still are."""

    def lend(self, value):
        return Held(value)

    def run(self, function, shared, items):
        return (function(shared, item) for item in items)


def test_a_window_joins_its_shards_while_the_one_before_it_still_does(recipe, run, tmp_path: Path, monkeypatch):
    whole = run(recipe("whole"), out="whole")
    monkeypatch.setattr(make_windows, "windows_at_once", lambda *_: 3)
    monkeypatch.setattr(make_windows, "shard_tasks", lambda *_: ApartTasks())
    join, first, another = make_windows.join_parts, Lock(), Event()

    def joined(packer, piece):
        if first.acquire(blocking=False):
            assert another.wait(20), "no other window joins meanwhile"
        else:
            another.set()
        return join(packer, piece)

    monkeypatch.setattr(make_windows, "join_parts", joined)
    together = run(recipe("together"), out="together")
    assert another.is_set()
    assert files(together.dataset) == files(whole.dataset)


def test_a_correction_that_comes_while_a_build_composes_counts_for_the_next_one(
    recipe, run, tmp_path: Path, monkeypatch
):
    whole = run(recipe("whole"), out="whole")
    done = make_windows.BUILD_GROUP
    memory = Memory(Folder(tmp_path / "memory"))

    def corrected(work, group):
        if not memory.corrections.live():  # after its back-translation was requested, and before the next window's
            rows = memory.winners(Direction("eng_Latn", "deu_Latn"))
            rows = rows.with_columns(text=pl.lit("Von Hand."), origin=pl.lit("human"), translator=pl.lit("human"))
            memory.correct(rows.to_arrow().cast(MEMORY_SCHEMA))
        return done(work, group)

    monkeypatch.setattr(make_windows, "BUILD_GROUP", corrected)
    assert files(run(recipe()).dataset) == files(whole.dataset)
    again = run(recipe())
    assert again.shards["re-translate"] > 0
    german = pl.read_parquet(sorted((again.dataset / "data/deu_Latn").glob("*.parquet")))
    assert "Von Hand." in json.dumps(german["messages"].to_list())


def test_a_plan_counts_what_the_windows_of_a_build_send(recipe, run, tmp_path: Path):
    def plan():
        return make_plan(prepare(load_recipe(str(recipe())), out=tmp_path / "out"), ProgressReport())

    before = plan()
    summary = run(recipe())
    assert before.calls == summary.segments.translated
    assert {shard.action for shard in before.shards} == {"new"}
    after = plan()
    assert (after.calls, after.back_calls, after.forced, after.changes) == (0, 0, 0, [])


def test_added_rows_go_through_windows_beside_shards_that_stay(recipe, run, rows: Path, tmp_path: Path, small_windows):
    run(recipe())
    more = [{"id": f"n{n}", "task": "caption", "image": "x.jpg", "caption": f"A new cat {n}."} for n in range(60)]
    rows.write_text(rows.read_text() + "".join(json.dumps(line) + "\n" for line in more))
    shutil.copytree(tmp_path / "out", tmp_path / "other")
    shutil.copytree(tmp_path / "memory", tmp_path / "memory2")
    several = run(recipe())
    assert several.shards["reuse"] == 6
    small_windows()
    assert files(several.dataset) == files(run(recipe("memory2"), out="other").dataset)


def test_a_dictionary_of_several_windows_is_that_of_one(recipe_file, run, tmp_path: Path, captions, small_windows):
    words = ("a big dog", "a red house", "the old train")
    row = {"task": "vqa_open", "image": "x.jpg"}
    lines = [{"id": f"q{n}", "question": f"What is {n}?", "answers": [words[n % 3]], **row} for n in range(45)]
    captions.write_text("".join(json.dumps(line) + "\n" for line in lines))
    answers = {"policy": "target", "dictionary": {"min_count": 2}}

    def recipe(name: str) -> Path:
        return recipe_file(languages=LANGS[:2], answers=answers, score=SCORERS, memory=str(tmp_path / name))

    several = run(recipe("several"), out="several")
    assert list((tmp_path / "several/runs").glob("*/dictionary/units-forward*"))
    small_windows()
    one = run(recipe("one"), out="one")
    assert files(several.dataset) == files(one.dataset)
    assert several.dictionaries == one.dictionaries


def test_nothing_of_parts_stays_in_a_finished_build(recipe, run, tmp_path: Path):
    run(recipe())
    recover(tmp_path / "out")
    assert not list((tmp_path / "out").rglob("parts"))
