from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from glotmill.engine.memory.entries import MEMORY_SCHEMA
from glotmill.engine.memory.numbered_file import NumberedFile
from glotmill.engine.runs import run as runs
from glotmill.engine.runs.run import Run
from glotmill.engine.translation import stage as translate
from glotmill.engine.translation.keyed_requests import with_keys
from glotmill.engine.translation.stage import TranslateStage
from glotmill.engine.translation.window_order import WindowOrder
from glotmill.engine.workers import inline_pool
from glotmill.engine.workers.pool import make_pool
from glotmill.engine.workers.units import RESULT_SCHEMA, UnitResult
from glotmill.schemas.errors import ConservationError
from tests.engine.translation.bench import GERMAN, TEXTS, Bench, Killed, add, paths, segments


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_every_segment_has_an_entry_and_equal_ones_are_sent_once(bench: Bench):
    entries, count = bench.do(add(segments(*TEXTS, asked=3), *TEXTS[:4], lang="deu_Latn"))
    assert (count.requested, count.unique, count.translated, count.from_memory) == (34, 10, 10, 0)
    assert dict(zip(entries["text"], entries["translation"], strict=True))["A dog and one cats."] == (
        "A dogˈdeu andˈdeu oneˈdeu catsˈdeu."
    )


def test_a_second_run_sends_nothing(bench: Bench):
    first, _ = bench.do(segments(*TEXTS))
    second, count = bench.do(segments(*TEXTS), digest="bbbb")
    assert (count.translated, count.from_memory) == (0, 10)
    assert second.equals(first)


def test_only_what_is_new_is_sent(bench: Bench):
    bench.do(segments(*TEXTS[:8]))
    _, count = bench.do(segments(*TEXTS), digest="bbbb")
    assert (count.translated, count.from_memory) == (2, 8)


def test_the_same_text_in_another_language_is_another_segment(bench: Bench):
    bench.do(segments(*TEXTS))
    _, count = bench.do(segments(*TEXTS, lang="fra_Latn"), digest="bbbb")
    assert count.translated == 10


def test_another_engine_setting_shares_nothing(tmp_path: Path):
    Bench(tmp_path).do(segments(*TEXTS))
    _, count = Bench(tmp_path, fault="echo").do(segments(*TEXTS), digest="bbbb")
    assert count.translated == 10


def test_failures_are_remembered_and_asked_again_only_on_request(tmp_path: Path):
    broken = Bench(tmp_path, fault="empty")
    entries, _ = broken.do(segments(*TEXTS))
    assert entries["failure"].to_list() == ["failed:empty_output"] * 10
    assert broken.do(segments(*TEXTS), digest="bbbb")[1].translated == 0
    assert broken.do(segments(*TEXTS), digest="cccc", retry_failed=True)[1].translated == 10


def test_a_kill_keeps_what_was_committed_and_the_next_run_finishes_the_units_as_written(tmp_path: Path):
    whole, _ = Bench(tmp_path / "whole", batch_sensitive=True).do(segments(*TEXTS))
    bench = Bench(tmp_path / "part", batch_sensitive=True)
    bench.killed_after(1, segments(*TEXTS))
    committed = pl.read_parquet(paths(bench))
    assert 0 < committed.height < 10
    (written,) = Run.open(tmp_path / "part", {}, "aaaa").unit_files("forward")
    before = written.read_bytes()
    resumed, count = bench.do(segments(*TEXTS))
    assert count.from_memory == committed.height
    assert resumed.equals(whole)  # log-probabilities carry a digest of the batch
    assert written.read_bytes() == before


def test_a_unit_of_which_another_build_knows_a_segment_is_finished_whole_in_its_recorded_batches(tmp_path: Path):
    """Packed without that segment, the others of its batch would get other log-probabilities."""
    texts = [f"A dog and {'very ' * (i % 9)}many cats number {i}." for i in range(60)]
    engine = {"batch_sensitive": True, "batch_tokens": 96, "unit_tokens": 128}
    complete = Bench(tmp_path / "whole", **engine)
    whole, _ = complete.do(segments(*texts))
    bench = Bench(tmp_path / "part", **engine)
    bench.killed_after(2, segments(*texts))
    known = set(pl.read_parquet(paths(bench))["key"])
    for path in paths(complete):
        unit = pl.read_parquet(path)
        if unit["key"][0] not in known:  # the other build has the first segment of each open unit
            bench.memory.commit(unit.head(1).to_arrow().cast(MEMORY_SCHEMA))
    resumed, count = bench.do(segments(*texts))
    assert 0 < count.from_memory < count.unique
    assert resumed.equals(whole)


def test_a_result_that_the_memory_lost_is_an_error_and_not_a_missing_row(bench: Bench, monkeypatch):
    monkeypatch.setattr(bench.memory, "commit", lambda entries: NumberedFile(1, 1))
    with pytest.raises(ConservationError, match="no memory entry"):
        bench.do(segments(*TEXTS))


def test_entries_come_from_what_is_read_back(bench: Bench):
    """A person's correction wins, also over the text just made."""
    bench.do(segments(TEXTS[0]))
    row = pl.read_parquet(paths(bench)[0]).with_columns(text=pl.lit("von Hand"), origin=pl.lit("human"))
    bench.memory.correct(row.to_arrow().cast(MEMORY_SCHEMA))
    again, _ = bench.do(segments(TEXTS[0]), digest="bbbb")
    assert (again["translation"].to_list(), again["origin"].to_list()) == (["von Hand"], ["human"])


def test_a_poisoned_row_is_a_remembered_failure_with_its_reason_on_record(tmp_path: Path):
    cursed = Bench(tmp_path, poison="seven")
    entries, count = cursed.do(segments(*TEXTS))
    assert (count.translated, count.failed) == (10, 1)
    failed = entries.filter(pl.col("failure").is_not_null())
    assert failed.select("text", "failure").rows() == [("A dog and seven cats.", "failed:engine_error")]
    (line,) = (Run.open(tmp_path, {}, "aaaa").folder / "failures.jsonl").read_text().splitlines()
    assert '"reason":"engine_error"' in line
    assert failed["key"][0] in line
    assert cursed.do(segments(*TEXTS), digest="bbbb")[1].translated == 0


def test_a_unit_list_of_many_row_groups_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole, _ = Bench(tmp_path / "whole", batch_sensitive=True).do(segments(*TEXTS))
    monkeypatch.setattr(runs, "ROW_GROUP_ROWS", 3)
    parts, _ = Bench(tmp_path / "parts", batch_sensitive=True).do(segments(*TEXTS))
    assert parts.equals(whole)


def test_an_unreadable_memory_file_is_an_event_of_the_run_and_its_segments_are_asked_again(bench: Bench):
    first, _ = bench.do(segments(*TEXTS))
    paths(bench)[0].write_bytes(b"rubbish")
    again, count = bench.do(segments(*TEXTS), digest="bbbb")
    assert 0 < count.translated < 10
    assert again.select("text", "translation").equals(first.select("text", "translation"))
    assert "memory_file_set_aside" in (Run.open(bench.folder, {}, "bbbb").folder / "events.jsonl").read_text()


def test_second_decodes_and_failures_are_counted_whenever_they_were_made(tmp_path: Path):
    healed = Bench(tmp_path, fault="empty", fault_every=2, retry_helps=True)
    _, first = healed.do(segments(*TEXTS))
    _, again = healed.do(segments(*TEXTS), digest="bbbb")
    assert 0 < first.retried == again.retried < 10
    assert first.failed == 0
    _, broken = Bench(tmp_path, fault="empty", fault_every=2).do(segments(*TEXTS), digest="cccc")
    assert broken.failed == broken.retried == first.retried


def test_a_retry_of_failures_that_is_killed_and_resumed_asks_none_of_them_twice(tmp_path: Path):
    broken = Bench(tmp_path, fault="empty")
    broken.do(segments(*TEXTS))
    again = Bench(tmp_path, fault="empty")
    run = Run.open(tmp_path, {}, "bbbb")
    left = 2

    def advance(*_: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    with make_pool(again.spec, 0) as pool:
        stage = TranslateStage(again.spec, again.memory, run, pool)
        with pytest.raises(Killed):
            stage.translate("forward", segments(*TEXTS), retry_failed=True, advance=advance)
    _, count = again.do(segments(*TEXTS), digest="bbbb", retry_failed=True)
    assert 0 < count.translated < 10


def test_a_resume_does_only_the_units_that_are_open(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.killed_after(1, segments(*TEXTS))
    done = pl.read_parquet(paths(bench)).height
    _, count = bench.do(segments(*TEXTS))
    assert count.translated == 10 - done


def test_many_small_directions_are_looked_up_together_and_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = add(add(segments(*TEXTS), *TEXTS, lang="fra_Latn"), *TEXTS, lang="ces_Latn")
    together = Bench(tmp_path / "a").phase("forward", asked)[1]
    monkeypatch.setattr(translate, "KEYS_AT_ONCE", 1)
    assert Bench(tmp_path / "b").phase("forward", asked)[1] == together


def test_a_unit_with_fewer_results_than_segments_is_never_committed(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    real = inline_pool.do_unit
    monkeypatch.setattr(inline_pool, "do_unit", lambda *args: real(*args).slice(1))
    with pytest.raises(ConservationError, match="results for"):
        bench.do(segments(*TEXTS))
    assert paths(bench) == []


def schema_of_entries(bench: Bench) -> list[str]:
    files = bench.memory.translations
    return [name for file in files.live() for name in files.parsed(file, files.folder.read(file.name)).schema.names]


def test_entries_of_one_translation_are_as_they_were_and_several_stand_behind(tmp_path: Path):
    bench = Bench(tmp_path / "one")
    bench.do(segments("A big dog."))
    assert schema_of_entries(bench) == MEMORY_SCHEMA.names
    bench = Bench(tmp_path / "several", hypotheses=3, choose="reverse", fault="drop_sentence")
    entries, count = bench.do(segments("A big dog. It runs.", "A"))
    assert (count.translated, count.failed) == (2, 0)
    assert entries["translation"].to_list() == ["A", "A bigˈdeu dogˈdeu. Itˈdeu runsˈdeu."]
    assert schema_of_entries(bench) == [*MEMORY_SCHEMA.names, "hypotheses"]
    wanted = with_keys(GERMAN, pl.DataFrame({"text": ["A big dog. It runs.", "A"]}), bench.spec.fingerprint)
    kept = dict(bench.memory.hypotheses(wanted).iter_rows())
    assert [[one["text"] for one in several] for several in kept.values() if len(several) > 1] == [
        ["A bigˈdeu dogˈdeu. Itˈdeu runsˈdeu.", "A bigˈdeu dogˈdeu. Itˈdeu", "A bigˈdeu dogˈdeu."]
    ]


class Silent:
    """A pool whose server answers nothing."""

    workers = 1

    def start(self) -> None:
        pass

    def run(self, units):
        for unit in units:
            rows = [{"failure": "server_error", "attempt": 1, "hit_limit": False}] * unit.rows.num_rows
            yield UnitResult(unit, pa.Table.from_pylist(rows, schema=RESULT_SCHEMA))


def test_what_was_not_answered_in_one_window_is_a_failure_in_another_that_has_the_text(tmp_path: Path):
    bench, order = Bench(tmp_path), WindowOrder()
    run = Run.open(tmp_path, {}, "aaaa")
    first, second = (
        TranslateStage(bench.spec, bench.memory, run.window(number), Silent(), order.place(number)) for number in (0, 1)
    )
    nothing = {"retry_failed": False, "advance": lambda *_: None}
    with ThreadPoolExecutor(1) as threads:
        later = threads.submit(second.translate, "forward", segments(*TEXTS[:4]), **nothing)
        assert first.translate("forward", segments(*TEXTS), **nothing).unanswered == 10
        order.place(0).through("forward")
        count = later.result(20)
    assert (count.unanswered, count.failed) == (4, 4)
    assert second.entries("forward", GERMAN)["failure"].unique().to_list() == ["failed:server_error"]
