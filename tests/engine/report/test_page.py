from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glotmill.engine.commands.refilter import refilter
from glotmill.engine.report import REPORT, finished_build, report_data, rows, write_report
from glotmill.engine.report.finished_build import open_build
from glotmill.schemas.errors import InputError
from tests.engine.report.conftest import ARABIC, LANGUAGES, LONG, OVERRIDE, SCRIPT, THRESHOLD

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def page_data(folder: Path) -> dict[str, Any]:
    (content,) = DATA.findall((folder / REPORT).read_text(encoding="utf-8"))
    return json.loads(content)


def records(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(sorted((folder / "dataset").glob("data/*/*.parquet")), glob=False)


def outcome(rule: dict[str, Any], lang: str, threshold: float) -> tuple[int, int]:
    """(rows that fail, rows kept) as the page counts them, from its bins."""
    entry = rule["langs"][lang]
    edges = sorted({*rule["grid"], entry["at"]})
    place = edges.index(threshold)

    def fails(counts: list[int]) -> tuple[int, int]:
        bins = dict(enumerate(counts[1:], start=counts[0])) if counts else {}
        failing = sum(n for bin_, n in bins.items() if (bin_ <= place) == rule["below"])
        return failing, sum(bins.values())

    failing, _ = fails(entry["all"])
    lost, free = fails(entry["free"])
    return failing, free - lost + entry["free_unjudged"]


def test_a_build_writes_the_report_beside_its_dataset_and_leaves_nothing_else(unkind: Path):
    names = {path.name for path in unkind.iterdir()}
    assert names >= {"dataset", "samples", "runs", REPORT}
    assert REPORT not in {path.name for path in (unkind / "dataset").rglob("*")}
    assert not [name for name in names if name == ".staging" or name.endswith(".tmp")]


def test_the_page_loads_nothing_and_its_policy_forbids_it(unkind: Path):
    page = DATA.sub("", (unkind / REPORT).read_text(encoding="utf-8"))
    assert "default-src 'none'; img-src data:; style-src 'sha256-" in page
    assert not re.findall(
        r"<link|<iframe|@import|\bsrc=|\bfetch\(|XMLHttpRequest|innerHTML|https?://(?!www\.w3\.org)", page
    )


def test_text_of_the_data_cannot_leave_its_element(unkind: Path):
    page = (unkind / REPORT).read_text(encoding="utf-8")
    assert page.count("<script") == 2
    (content,) = DATA.findall(page)
    assert "<" not in content
    shown = {"".join(turn["source"]) for row in page_data(unkind)["rows"] for turn in row["turns"]}
    assert {SCRIPT, OVERRIDE, ARABIC} <= shown


def test_a_long_text_is_cut_with_a_note(unkind: Path):
    (long,) = {
        "".join(turn["source"])
        for row in page_data(unkind)["rows"]
        for turn in row["turns"]
        if turn["source"][0].startswith(LONG[:50])
    }
    assert len(long) < 2_000
    assert re.search(r"… \[100,\d{3} more characters\]$|… \[\d\d,\d{3} more characters\]$", long)


def test_the_balance_is_that_of_the_files(unkind: Path):
    held = records(unkind)
    for language in page_data(unkind)["languages"]:
        own = held.filter(pl.col("lang") == language["code"])
        assert language["rows"] == own.height
        assert language["kept"] == own["keep"].sum()
        assert language["failed"] == (own["row_status"] == "failed").sum() > 0
        assert language["rows"] == language["kept"] + language["dropped"] + language["failed"]


def test_reasons_are_counted_first_and_anywhere(unkind: Path):
    held = records(unkind)
    found = {reason["code"]: reason for reason in page_data(unkind)["reasons"]}
    lists = held.filter(pl.col("lang") == "deu_Latn")["filter_reasons"].to_list()
    anywhere = {code: r["any"]["deu_Latn"] for code, r in found.items() if "deu_Latn" in r["any"]}
    assert anywhere == Counter(code for codes in lists for code in codes)
    assert sum(r["first"].get("deu_Latn", 0) for r in found.values()) == sum(1 for codes in lists if codes)
    assert [code for code, reason in found.items() if reason["failure"]] == ["empty_output"]


def test_the_bins_of_a_rule_count_what_it_dropped(unkind: Path):
    held, data = records(unkind), page_data(unkind)
    kept = {language["code"]: language["kept"] for language in data["languages"]}
    rejecting = [rule for rule in data["rules"] if rule["action"] == "reject"]
    assert {"nmt.logprob", "round_trip.chrf", "lexical.len_z"} <= {rule["code"] for rule in rejecting}
    for rule in rejecting:
        for lang, entry in rule["langs"].items():
            reasons = held.filter(pl.col("lang") == lang)["filter_reasons"]
            assert entry["failing"] == reasons.list.contains(rule["code"]).sum()
            assert outcome(rule, lang, entry["at"]) == (entry["failing"], kept[lang]), rule["code"]


def test_a_language_without_scores_has_no_histogram_and_keeps_its_rows(rebuild: Callable[..., Path]):
    data = report_data(open_build(rebuild(languages=["eng_Latn", "deu_Latn"]), "report"))
    english = next(entry for entry in data["languages"] if entry["code"] == "eng_Latn")
    assert english["kept"] == english["rows"] > 0
    assert data["rules"]
    assert all(set(rule["langs"]) == {"deu_Latn"} for rule in data["rules"])


@pytest.mark.parametrize("position", [5, 20, 40])
def test_another_threshold_drops_what_the_page_says(unkind: Path, rebuild: Callable[..., Path], position: int):
    rule = next(rule for rule in page_data(unkind)["rules"] if rule["code"] == "nmt.logprob")
    threshold = rule["grid"][position]
    held = records(rebuild(filter={"nmt": {"min_logprob": threshold}}))
    for lang in LANGUAGES:
        own = held.filter(pl.col("lang") == lang)
        dropped = own["filter_reasons"].list.contains("nmt.logprob").sum()
        assert outcome(rule, lang, threshold) == (dropped, own["keep"].sum())


def test_every_rule_names_the_keys_of_the_recipe_that_move_its_threshold(unkind: Path):
    rules = {rule["code"]: rule["parameters"] for rule in page_data(unkind)["rules"]}
    assert rules["nmt.logprob"] == [{"key": "filter.nmt.min_logprob", "value": THRESHOLD, "low": -1000, "high": 0}]
    copied = {parameter["key"]: parameter["value"] for parameter in rules["lexical.copy_frac"]}
    assert copied == {"filter.lexical.max_copy_frac": 0.5, "filter.lexical.max_copy_frac_other": 0.25}


def test_a_refilter_writes_the_report_anew(unkind: Path, tmp_path: Path):
    folder = Path(shutil.copytree(unkind, tmp_path / "out"))
    rule = next(rule for rule in page_data(folder)["rules"] if rule["code"] == "nmt.logprob")
    threshold = rule["grid"][30]
    summary = refilter(folder, overrides=(f"filter.nmt.min_logprob={threshold}",))
    data = page_data(folder)
    assert {entry["code"]: entry["kept"] for entry in data["languages"]} == {
        lang: outcome(rule, lang, threshold)[1] for lang in LANGUAGES
    }
    assert sum(count.kept for count in summary.languages.values()) != sum(
        entry["kept"] for entry in page_data(unkind)["languages"]
    )


def test_every_language_verdict_and_reason_has_rows(unkind: Path):
    held, shown = records(unkind), page_data(unkind)["rows"]
    groups = {(row["lang"], row["status"], *row["reasons"][:1]) for row in shown}
    status = pl.when("keep").then(pl.lit("kept")).when(pl.col("row_status") == "failed").then(pl.lit("failed"))
    there = held.select("lang", status.otherwise(pl.lit("dropped")), pl.col("filter_reasons").list.first()).unique()
    assert groups == {tuple(value for value in row if value is not None) for row in there.iter_rows()}
    assert len({row["id"] for row in shown}) == len(shown)


def test_the_page_tells_what_each_rule_asks_of_a_score(unkind: Path):
    data = page_data(unkind)
    asked = {limit["code"]: limit for limit in data["limits"]}
    logprob = asked["nmt.logprob"]
    assert [data["metrics"][place]["column"] for place in logprob["scores"]] == ["score_nmt_logprob"]
    assert (logprob["below"], logprob["at"], logprob["own"]) == (True, THRESHOLD, {})
    copied = asked["lexical.copy_frac"]
    assert {lang: copied["own"].get(lang, copied["at"]) for lang in LANGUAGES} == {"deu_Latn": 0.5, "arb_Arab": 0.25}
    assert "punctuation.final_changed" not in asked


def test_a_rule_that_reads_several_scores_is_told_of_each(rebuild: Callable[..., Path]):
    both = {"both": {"fails": "score_nmt_logprob < -1 AND score_round_trip_chrf < 50"}}
    data = report_data(open_build(rebuild(filter={"user": both}), "report"))
    (told,) = (limit for limit in data["limits"] if limit["code"] == "user.both")
    columns = {data["metrics"][place]["column"] for place in told["scores"]}
    assert columns == {"score_nmt_logprob", "score_round_trip_chrf"}
    assert "at" not in told


def test_rows_name_the_rules_that_warn_of_them(rebuild: Callable[..., Path]):
    folder = rebuild(filter={"nmt": {"min_logprob": THRESHOLD, "logprob": {"action": "warn"}}})
    low = records(folder).filter(pl.col("score_nmt_logprob") < THRESHOLD)["record_id"].to_list()
    shown = {row["id"]: row["warnings"] for row in page_data(folder)["rows"]}
    assert {name for name, codes in shown.items() if "nmt.logprob" in codes} == set(low) & set(shown) != set()


def test_images_at_hand_become_small_pictures(unkind: Path):
    data = page_data(unkind)
    assert len(data["images"]) == 3
    assert all(url.startswith("data:image/jpeg;base64,") and len(url) < 4_000 for url in data["images"].values())
    assert {row["image"] for row in data["rows"]} == set(data["images"])


def test_right_to_left_languages_are_told(unkind: Path):
    assert {entry["code"]: entry["dir"] for entry in page_data(unkind)["languages"]} == {
        "deu_Latn": "ltr",
        "arb_Arab": "rtl",
    }


def test_the_same_build_gives_the_same_data_but_for_times(unkind: Path, rebuild: Callable[..., Path]):
    again = report_data(open_build(rebuild(), "report"))
    first = report_data(open_build(unkind, "report"))
    assert list(again.pop("seconds")) == list(first.pop("seconds"))
    assert again == first


def test_small_shards_are_read_together_and_the_page_is_that_of_each_by_itself(
    rebuild: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    build = open_build(rebuild(pack={"shard_rows": 8}), "report")
    shards = len(list(build.shards()))
    scans: list[object] = []
    scan = pl.scan_parquet
    monkeypatch.setattr(pl, "scan_parquet", lambda *files, **options: scans.append(files) or scan(*files, **options))
    together = report_data(build)
    assert len(scans) < shards
    monkeypatch.setattr("glotmill.engine.report.finished_build.READ_TOGETHER", 1)
    assert report_data(build) == together
    assert len(scans) > 2 * shards


def test_a_dataset_without_runs_and_samples_has_a_report_of_what_is_there(unkind: Path, tmp_path: Path):
    shutil.copytree(unkind / "dataset", tmp_path / "dataset")
    write_report(tmp_path)
    data = page_data(tmp_path)
    assert data["segments"] is None
    assert data["rejected"] == []
    assert data["rows"] == page_data(unkind)["rows"]


def test_what_is_no_build_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no finished build in it"):
        write_report(tmp_path)
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "manifest.json").write_text("{}")
    (tmp_path / "dataset" / "recipe.lock.yaml").write_text("{}")
    with pytest.raises(InputError, match="build it again from its recipe"):
        write_report(tmp_path)
    assert not (tmp_path / REPORT).exists()


def test_thresholds_of_a_calibration_are_drawn_as_what_they_did(tmp_path: Path, rebuild: Callable[..., Path]):
    calibration = tmp_path / "fitted.yaml"
    cells = {"nmt.min_logprob": {"all": {"all": {"all": -0.3}}}}
    calibration.write_text(json.dumps({"calibration": 1, "thresholds": cells, "unreliable": {}}))
    folder = rebuild(filter={}, calibration=str(calibration))
    data = report_data(open_build(folder, "report"))
    entry = next(rule for rule in data["rules"] if rule["code"] == "nmt.logprob")["langs"]["deu_Latn"]
    low, high = entry["band"]
    assert entry["at"] is None
    assert low < -0.3 <= high
    assert (
        entry["failing"]
        == records(folder).filter(pl.col("lang") == "deu_Latn")["filter_reasons"].list.contains("nmt.logprob").sum()
    )


def test_small_shards_of_a_language_are_read_as_one(unkind: Path, rebuild: Callable[..., Path]):
    small = rebuild(pack={"shard_rows": 2})
    names = ["record_id", "keep"]
    portions = open_build(small, "report").portions()
    found = [rows for portion in portions for rows in portion.columns(small / "dataset", names)]
    assert [lang for lang, _ in found] == list(LANGUAGES)
    files = [file for _, file in open_build(small, "report").shards()]
    assert len(files) > len(LANGUAGES)
    one_by_one = pl.concat([pl.read_parquet(file, columns=names, glob=False) for file in files])
    assert pl.concat([rows for _, rows in found]).equals(one_by_one)
    counted = [{rule["code"]: rule["langs"] for rule in page_data(folder)["rules"]} for folder in (small, unkind)]
    assert counted[0] == counted[1]


def test_small_shards_cost_no_check_each(rebuild: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(finished_build, "check_shards", refuse)  # a build has written them
    monkeypatch.setattr(rows, "check_values", refuse)  # all rows are checked at once
    assert page_data(rebuild(pack={"shard_rows": 2}))["rows"]
