from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import pytest

from glotmill.engine.memory.scores import SCORE_SCHEMA, ScoreStore
from glotmill.engine.storage.folder import Folder
from glotmill.filters.contract import PAIR_SCHEMA, Scorer
from glotmill.filters.registry import SCORERS
from glotmill.schemas.record import Metric


class Lengths(Scorer):
    """Measures two things, the second of which it sometimes cannot judge."""

    name: ClassVar[str] = "lengths"
    version: ClassVar[int] = 1
    needs_back_translation: ClassVar[bool] = False
    inputs: ClassVar[tuple[str, ...]] = ("source_lang", "lang", "source", "target")
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("lengths", "source", "higher", 0, None, ""),
        Metric("lengths", "target", "higher", 0, None, ""),
    )

    def __init__(self, setting: int = 0) -> None:
        self.setting = setting
        self.seen: list[str] = []

    def fingerprint(self) -> dict[str, Any]:
        return {"version": self.version, "setting": self.setting}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        self.seen += pairs["source"].to_pylist()
        targets = [len(text) or None for text in pairs["target"].to_pylist()]
        return {
            "source": pa.array([len(text) for text in pairs["source"].to_pylist()], pa.float32()),
            "target": pa.array(targets, pa.float32()),
        }


def pairs(*texts: tuple[str, str], lang: str = "deu_Latn") -> pa.Table:
    rows = [{"source_lang": "eng_Latn", "lang": lang, "source": s, "target": t, "logprob": -0.1} for s, t in texts]
    return pa.Table.from_pylist(rows, schema=PAIR_SCHEMA)


@pytest.fixture
def store(tmp_path: Path) -> ScoreStore:
    return ScoreStore(Folder(tmp_path))


ASKED = pairs(("a", "bb"), ("ccc", ""), ("a", "bb"))


def test_scores_come_back_in_the_order_of_the_pairs_and_what_cannot_be_judged_stays_null(store: ScoreStore):
    scored = store.score(Lengths(), ASKED)
    assert {name: column.to_pylist() for name, column in scored.items()} == {
        "source": [1, 3, 1], "target": [2, None, 2],
    }  # fmt: skip
    assert all(column.type == pa.float32() for column in scored.values())


def test_each_different_pair_is_measured_once_and_only_new_ones_later(store: ScoreStore):
    scorer = Lengths()
    store.score(scorer, ASKED)
    assert scorer.seen == ["a", "ccc"]
    store.score(scorer, pairs(("new", "x"), ("ccc", "")))
    assert scorer.seen == ["a", "ccc", "new"]


@pytest.mark.parametrize(
    ("scorer", "asked"), [(Lengths(setting=1), pairs(("a", "bb"))), (Lengths(), pairs(("a", "bb"), lang="fra_Latn"))]
)
def test_another_setting_or_language_is_another_score(store: ScoreStore, scorer: Lengths, asked: pa.Table):
    store.score(Lengths(), ASKED)
    store.score(scorer, asked)
    assert scorer.seen == ["a"]


def test_what_does_not_decide_a_score_is_not_in_its_key(store: ScoreStore):
    store.score(Lengths(), ASKED)
    scorer = Lengths()
    asked = ASKED.set_column(ASKED.schema.get_field_index("logprob"), "logprob", pa.array([-9.0] * 3, pa.float32()))
    store.score(scorer, asked)
    assert scorer.seen == []


def test_compaction_changes_no_score(store: ScoreStore):
    for text in "abc":
        store.score(Lengths(), pairs((text, text)))
    assert [file.name for file in store.compact()] == ["00000001-00000003.parquet"]
    scorer = Lengths()
    assert store.score(scorer, pairs(("a", "a"), ("c", "c")))["source"].to_pylist() == [1, 1]
    assert scorer.seen == []


def test_what_is_known_is_what_a_look_up_finds_though_a_compaction_goes_on(store: ScoreStore, monkeypatch):
    for text in "abc":
        store.score(Lengths(), pairs((text, text)))
    keys = pl.concat([store.files.select(lambda rows: rows.select("key"))["key"], pl.Series("key", ["unknown"])])
    expected = store.lookup("lengths", keys)
    assert expected.height == 3
    assert store.known("lengths", keys).equals(expected)
    assert store.known("others", keys).is_empty()
    lookup = store.lookup

    def meanwhile(*values, **options):
        list(store.compact())
        return lookup(*values, **options)

    monkeypatch.setattr(store, "lookup", meanwhile)
    assert store.known("lengths", keys).sort("key").equals(expected.sort("key"))
    assert [file.name for file in store.files.live()] == ["00000001-00000003.parquet"]


def test_a_file_that_was_added_here_is_opened_only_for_keys_that_it_has(store: ScoreStore, monkeypatch):
    for text in "abc":
        store.score(Lengths(), pairs((text, text)))
    key = store.files.select(lambda rows: rows.select("key"), only={"00000002.parquet"})["key"]
    unknown = pl.Series("key", ["unknown"])
    opened: list[str] = []
    scan = store.files._scan
    monkeypatch.setattr(store.files, "_scan", lambda files, **how: opened.extend(map(str, files)) or scan(files, **how))
    assert store.known("lengths", unknown).is_empty()
    assert store.lookup("lengths", unknown).is_empty()
    assert opened == []
    assert store.known("lengths", pl.concat([key, unknown])).height == 1
    assert store.lookup("lengths", key).height == 1
    assert len(opened) == 2
    others = ScoreStore(store.files.folder.child(".."))
    assert others.known("lengths", key).height == 1  # what it did not add may have any


def test_another_process_gets_a_store_that_opens_every_file(store: ScoreStore):
    store.score(Lengths(), ASKED)
    keys = store.files.select(lambda rows: rows.select("key"))["key"]
    sent = pickle.loads(pickle.dumps(store))
    assert sent.known("lengths", keys).sort("key").equals(store.known("lengths", keys).sort("key"))
    assert not sent.files.noted.having(keys)


def test_an_unreadable_file_is_set_aside_and_its_scores_are_measured_again(store: ScoreStore):
    store.score(Lengths(), ASKED)
    store.files.folder.overwrite("00000001.parquet", b"rubbish")
    scorer = Lengths()
    assert store.score(scorer, ASKED)["source"].to_pylist() == [1, 3, 1]
    assert scorer.seen == ["a", "ccc"]
    assert len(store.set_aside) == 1


def test_the_lowest_number_wins_a_score_for_ever(store: ScoreStore):
    store.score(Lengths(), ASKED)
    rows = (
        store.files.select(lambda rows: rows).drop("file").with_columns(values=pl.lit([9.0, 9.0], pl.List(pl.Float32)))
    )
    store.files.add(rows.to_arrow().cast(SCORE_SCHEMA))
    assert store.score(Lengths(), ASKED)["source"].to_pylist() == [1, 3, 1]


def test_only_a_scorer_that_calls_a_model_is_stored():
    assert [name for name, scorer in SCORERS.items() if scorer.inputs] == ["image_text", "llm_judge"]
