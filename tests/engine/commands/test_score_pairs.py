"""Pairs that others made: every row comes out, kept, dropped or failed, whatever is wrong with it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glotmill
from glotmill.engine.commands import pair_files, score_pairs
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.pair_files import LONGEST_TEXT, given_pairs
from glotmill.engine.commands.score_pairs import make_pair_judge
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.translators import fake, resolve_translator
from glotmill.engine.translators.fake import FakeTranslate
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.filters.quality_fit import shipped_fit
from glotmill.schemas.errors import InputError

QUIET = ProgressReport()
GOOD = ("A brown dog runs over the green grass.", "Ein brauner Hund läuft über das grüne Gras.")
COPIED = ("A brown dog runs over the green grass.", "A brown dog runs over the green grass.")


def tsv(folder: Path, *rows: str, name: str = "pairs.tsv") -> Path:
    path = folder / name
    path.write_bytes("".join(f"{row}\n" for row in rows).encode("utf-8", "surrogateescape"))
    return path


def scored(path: Path, **options) -> tuple[glotmill.PairScores, pl.DataFrame]:
    out = path.with_name("out.parquet")
    found = glotmill.score(path, out, **options)
    frame = pl.read_parquet(out)
    assert frame.height == found.rows == found.kept + sum(found.dropped.values()) + sum(found.failed.values())
    return found, frame


def test_rows_come_out_in_order_with_scores_and_verdict(tmp_path: Path):
    found, frame = scored(tsv(tmp_path, "\t".join(GOOD), "\t".join(COPIED), "A dog."), lang="deu_Latn")
    assert (found.rows, found.kept, found.failed) == (3, 1, {"wrong_columns": 1})
    assert found.dropped == {"lexical.copy_frac": 1}
    assert frame["row_status"].to_list() == ["ok", "ok", "failed"]
    assert frame["keep"].to_list() == [True, False, False]
    assert frame["filter_reasons"].list.first().to_list() == [None, "lexical.copy_frac", "wrong_columns"]
    assert frame["source"].to_list() == [GOOD[0], COPIED[0], None]
    assert frame["score_language_id_mass"].is_not_null().to_list() == [True, True, False]
    assert frame["label_language_id_detected"].to_list() == ["deu_Latn", "eng_Latn", None]
    assert {"round_trip", "cross_entropy", "adequacy"} == set(found.left_out)
    assert not [name for name in frame.columns if name.startswith("score_round_trip")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"target": "Ein Hund."}, "missing_source"),
        ({"source": "A dog.", "target": None}, "missing_target"),
        ({"source": "A dog.", "target": " \n"}, "missing_target"),
        ({"source": 3, "target": "Ein Hund."}, "source_not_text"),
        ({"source": "A dog.", "target": ["Ein Hund."]}, "target_not_text"),
        ({"source": "x" * (LONGEST_TEXT + 1), "target": "Ein Hund."}, "source_too_long"),
        ({"source": "A dog.", "target": "Ein Hund.", "lang": "de"}, "unknown_language"),
        ({"source": "A dog.", "target": "Ein Hund.", "lang": 7}, "unknown_language"),
        ({"source": "A dog.", "target": "A hound.", "lang": "eng_Latn"}, "source_language"),
        ([], "not_an_object"),
    ],
)
def test_a_bad_row_fails_with_its_reason_and_not_the_file(tmp_path: Path, row: object, reason: str):
    good = {"source": GOOD[0], "target": GOOD[1], "lang": "deu_Latn"}
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in (good, row, good)))
    found, frame = scored(path, lang="deu_Latn")
    assert found.failed == {reason: 1}
    assert frame["filter_reasons"].to_list() == [[], [reason], []]
    assert frame["score_lexical_letters"].null_count() == 1


def test_lines_that_are_no_json_no_utf8_or_without_a_language_fail_alone(tmp_path: Path):
    row = {"source": GOOD[0], "target": GOOD[1]}
    path = tmp_path / "pairs.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(row).encode() + b"\n\n{\n" + json.dumps(row).encode() + b"\n"))
    assert scored(path)[0].failed == {"bad_json": 1, "missing_language": 2}
    assert scored(path, lang="deu_Latn")[0].kept == 2
    bad = tsv(tmp_path, "\t".join(GOOD), "A dog.\tEin \udcff Hund.")
    assert scored(bad, lang="deu_Latn")[0].failed == {"bad_unicode": 1}


def test_a_head_names_the_columns_and_a_row_may_name_its_language(tmp_path: Path):
    head = tsv(tmp_path, "id\tlang\ttarget\tsource", f"1\tdeu_Latn\t{GOOD[1]}\t{GOOD[0]}", f"2\t\t{GOOD[1]}\t{GOOD[0]}")
    assert scored(head)[0].failed == {"missing_language": 1}
    assert scored(head, lang="fra_Latn")[1]["lang"].to_list() == ["deu_Latn", "fra_Latn"]
    plain = tsv(tmp_path, f"{GOOD[0]}\t{GOOD[1]}\tdeu_Latn")
    assert scored(plain)[0].kept == 1


def test_parquet_with_nulls_and_other_columns(tmp_path: Path):
    path = tmp_path / "pairs.parquet"
    rows = {"id": [1, 2], "source": [GOOD[0], None], "target": [GOOD[1], "Ein Hund."], "lang": ["deu_Latn", None]}
    pq.write_table(pa.table(rows), path)
    found, frame = scored(path)
    assert (found.kept, found.failed) == (1, {"missing_source": 1})
    assert frame["lang"].to_list() == ["deu_Latn", None]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("pairs.csv", b"a,b\n", "expected the name of a .tsv, .jsonl or .parquet file of pairs"),
        ("pairs.tsv", b"one column\n", "line 1 has 1 columns; expected a head with source and target"),
        ("pairs.tsv", b"A dog.\tEin Hund.\n", "no column lang: give --lang CODE"),
        ("pairs.tsv.gz", b"\x1f\x8b no gzip", "not a whole gzip file"),
        ("pairs.parquet", b"no parquet", "not readable as Parquet"),
    ],
)
def test_a_file_that_is_unusable_as_a_whole_is_refused_and_nothing_is_written(
    tmp_path: Path, name: str, content: bytes, message: str
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        glotmill.score(tmp_path / name, tmp_path / "new" / "out.parquet")
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_parquet_columns_of_another_type_and_values_that_cannot_be_are_refused(tmp_path: Path):
    pq.write_table(pa.table({"source": [1], "target": ["x"]}), tmp_path / "a.parquet")
    path = tsv(tmp_path, "\t".join(GOOD))
    for given, options, message in (
        (tmp_path / "a.parquet", {}, "column source: expected string, found int64"),
        (tmp_path / "none.tsv", {}, "no such file"),
        (path, {"lang": "german"}, "unknown language code 'german'"),
        (path, {"lang": "eng_Latn"}, "the sources are English"),
        (path, {"lang": "deu_Latn", "field": "title"}, "--field title: expected one of caption, question"),
        (path, {"lang": "deu_Latn", "model": "no/such-model"}, "--model"),
        (path, {"lang": "deu_Latn", "overrides": ["filter.lexical.max_dup2=1"]}, "give --recipe"),
    ):
        with pytest.raises(InputError, match=message):
            glotmill.score(given, tmp_path / "out.parquet", **options)
    with pytest.raises(InputError, match="it is the file of pairs"):
        glotmill.score(path, path, lang="deu_Latn")
    assert path.exists()


def test_a_recipe_brings_its_scorers_and_rules(tmp_path: Path):
    (tmp_path / "rows.jsonl").touch()
    recipe = load_recipe(
        {
            "name": "r",
            "sources": {"rows": {"format": "jsonl", "path": str(tmp_path / "rows.jsonl"), "license": "mit"}},
            "languages": ["deu_Latn"],
            "translate": {"engine": "fake"},
            "score": {"scorers": ["lexical", "round_trip"]},
            "filter": {"user": {"long": {"fails": "score_lexical_letters > 10"},
                                "back": {"fails": "score_round_trip_chrf < 1"}}},
        }
    )  # fmt: skip
    found, frame = scored(tsv(tmp_path, "\t".join(GOOD)), lang="deu_Latn", recipe=recipe)
    assert found.dropped == {"user.long": 1}
    assert list(found.left_out) == ["round_trip"]
    assert next(name for name in frame.columns if name.startswith("score_")) == "score_lexical_copy_frac"


def test_an_engine_gives_forced_scores_and_back_translations_where_it_knows_the_language(tmp_path: Path):
    spec = fake.describe(FakeTranslate(engine="fake"), None)
    judge = make_pair_judge(None, "caption", spec)
    path = tsv(tmp_path, "\t".join((*GOOD, "deu_Latn")), "\t".join((*GOOD, "fra_Latn")))
    out = tmp_path / "out.parquet"
    lacking = spec.languages - {"fra_Latn"}
    object.__setattr__(spec, "languages", lacking)
    found = score_pairs.score_pairs(path, out, judge, QUIET)
    frame = pl.read_parquet(out)
    assert found.not_sent == {"fra_Latn": 1}
    assert list(found.left_out) == ["adequacy"]  # its constants are another engine's
    for column in ("score_nmt_logprob", "score_cross_entropy_dual", "score_round_trip_exact"):
        assert frame[column].is_not_null().to_list() == [True, False], column


def test_batches_are_bounded_and_change_no_score_and_the_bytes_are_the_same(tmp_path: Path, monkeypatch):
    path = tsv(tmp_path, *("\t".join(pair) for pair in [GOOD, COPIED] * 3))
    _, whole = scored(path, lang="deu_Latn")
    first = path.with_name("out.parquet").read_bytes()
    scored(path, lang="deu_Latn")
    assert path.with_name("out.parquet").read_bytes() == first
    seen: list[int] = []
    judged = score_pairs.PairJudge.judged
    monkeypatch.setattr(
        score_pairs.PairJudge, "judged", lambda self, rows: seen.append(len(rows)) or judged(self, rows)
    )
    monkeypatch.setattr(score_pairs, "BATCH_ROWS", 4)
    _, parts = scored(path, lang="deu_Latn")
    assert seen == [4, 2]
    assert parts.drop("score_fan_in_sources").equals(whole.drop("score_fan_in_sources"))
    monkeypatch.setattr(score_pairs, "BATCH_CHARACTERS", 100)
    scored(path, lang="deu_Latn")
    assert max(seen[2:]) == 2


def test_an_empty_file_gives_an_empty_table(tmp_path: Path):
    (tmp_path / "pairs.jsonl").touch()
    found, frame = scored(tmp_path / "pairs.jsonl", lang="deu_Latn")
    assert found.rows == 0
    assert {"score_lexical_copy_frac", "keep", "filter_reasons"} <= set(frame.columns)


def test_reading_is_lazy(tmp_path: Path, monkeypatch):
    path = tsv(tmp_path, *["\t".join(GOOD)] * 100)
    taken = 0
    original = pair_files.checked

    def counted(*row):
        nonlocal taken
        taken += 1
        return original(*row)

    monkeypatch.setattr(pair_files, "checked", counted)
    next(iter(given_pairs(path, "deu_Latn")))
    assert taken == 1


def test_quality_has_the_shipped_fit_for_the_embedded_model_alone(tmp_path: Path):
    recipe = load_recipe(
        {"name": "q", "sources": {"s": {"format": "jsonl", "path": str(tmp_path), "license": "cc0-1.0"}},
         "languages": ["deu_Latn"], "translate": {"engine": "fake"}, "score": {"scorers": ["nmt", "quality"]}}
    )  # fmt: skip
    other = make_pair_judge(recipe, "caption", resolve_translator(FakeTranslate(engine="fake")))
    assert "it has no fit to this engine" in other.left_out["quality"]
    embedded = make_pair_judge(recipe, "caption", resolve_translator(NllbTranslate(engine="nllb", model="embedded")))
    assert embedded.left_out == {}
    assert embedded.policy.fit is shipped_fit()  # so that a share of the recipe is one here, too
