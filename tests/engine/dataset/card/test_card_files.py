from __future__ import annotations

import re
from dataclasses import replace

import pyarrow.parquet as pq
import yaml
from datasets import load_dataset
from huggingface_hub import RepoCard

from glotmill.engine.dataset.card import card_files as cards
from glotmill.engine.dataset.card.card_header import CardFacts
from glotmill.engine.dataset.card.card_page import licenses_page
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.dataset.row_counts import GroupCount


def header(dataset) -> dict:
    return yaml.safe_load((dataset / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def test_configs_are_default_kept_and_all_with_the_manifests_counts(recipe_file, run):
    summary = run(recipe_file(filter={"round_trip": {"min_chrf": 99}}))
    card = header(summary.dataset)
    names = [config["config_name"] for config in card["configs"]]
    assert names == ["default", "deu_Latn", "deu_Latn_all", "swh_Latn", "swh_Latn_all"]
    assert card["configs"][1]["filters"] == [["keep", "==", True]]
    assert "filters" not in card["configs"][2]
    counts = {info["config_name"]: info["splits"][0]["num_examples"] for info in card["dataset_info"]}
    languages = summary.languages
    assert counts["deu_Latn"] == languages["deu_Latn"].kept
    assert counts["deu_Latn_all"] == languages["deu_Latn"].rows
    assert counts["default"] == sum(count.kept for count in languages.values())


def test_languages_are_iso_639_and_scripts_stand_in_bcp47(recipe_file, run):
    card = header(run(recipe_file(languages=["zho_Hant", "zho_Hans", "swh_Latn"])).dataset)
    assert card["language"] == ["sw", "zh"]
    assert card["language_bcp47"] == ["zh-Hant", "zh-Hans", "sw"]


def test_a_language_without_a_kept_row_has_no_config_of_kept_rows(recipe_file, run):
    engine = {"engine": "fake", "fault": "empty"}
    summary = run(recipe_file(translate=engine, languages=["eng_Latn", "deu_Latn"], max_failed=1))
    names = [config["config_name"] for config in header(summary.dataset)["configs"]]
    assert names == ["default", "eng_Latn", "eng_Latn_all", "deu_Latn_all"]
    assert summary.languages["deu_Latn"].kept == 0


def test_an_unreliable_language_has_a_config_of_its_own_and_is_not_in_default(recipe_file, run, tmp_path):
    calibration = tmp_path / "c.yaml"
    calibration.write_text("calibration: 1\nunreliable: {swh_Latn: [round_trip.chrf]}\n")
    summary = run(recipe_file(calibration=str(calibration), score={"scorers": ["lexical", "round_trip"]}))
    card = header(summary.dataset)
    files = {config["config_name"]: config["data_files"][0]["path"] for config in card["configs"]}
    assert files["default"] == "data/deu_Latn/train-*.parquet"
    assert files["unreliable"] == "data/swh_Latn/train-*.parquet"
    assert {"swh_Latn", "swh_Latn_all"} <= set(files)
    assert len(load_dataset(str(summary.dataset), "default", split="train")) == summary.languages["deu_Latn"].kept
    assert len(load_dataset(str(summary.dataset), "unreliable", split="train")) == summary.languages["swh_Latn"].kept
    assert "Unreliable" in (summary.dataset / "README.md").read_text()


def test_the_card_sets_keep_rates_beside_the_median_language(recipe_file, run):
    languages = ["deu_Latn", "fra_Latn", "swh_Latn"]
    lost = {"user": {"no_swahili": {"fails": "lang = 'swh_Latn'"}}}
    summary = run(recipe_file(languages=languages, filter=lost))
    page = (summary.dataset / "README.md").read_text()
    assert "| user.no_swahili | `swh_Latn` | 0.0000 | **0.00** |" in page
    assert "| all | `deu_Latn` | 1.0000 | 1.00 |" in page
    assert [(s.lang, s.rule) for s in summary.fairness if s.alarm] == [
        ("swh_Latn", None),
        ("swh_Latn", "user.no_swahili"),
    ]


def test_the_card_says_what_it_is_made_of_and_how_its_scores_are_spread(recipe_file, run):
    source = {"format": "jsonl", "path": "samples.jsonl", "license": "cc-by-nc-4.0", "dataset": "org/dogs"}
    summary = run(recipe_file(sources={"small": source}, languages=["deu_Latn", "swh_Latn"]))
    card = header(summary.dataset)
    assert (card["license"], card["source_datasets"]) == ("cc-by-nc-4.0", ["extended|org/dogs"])
    assert card["task_categories"] == ["image-to-text", "image-text-to-text", "visual-question-answering"]
    page = (summary.dataset / "README.md").read_text().split("---\n", 2)[2]
    for words in (
        "| German | `deu_Latn` | 40 | 40 | 0 | 0 |",
        "| org/dogs | train | `sha256:" if "`sha256:" in page else "| org/dogs | train | `",
        "| `score_round_trip_chrf` | █·········",
        "non-commercial".replace("non-", "Non-") + " use only.",
        "`fake",
        "## Known limits",
        "@misc{small,",
        'load_dataset("PATH_OR_ID", "deu_Latn_all", split="train")',
    ):
        assert words in page, words


def test_licenses_that_do_not_cover_each_other_are_listed_in_a_file(recipe_file, run, captions):
    sources = {
        name: {"format": "jsonl", "path": str(captions), "license": license_id}
        for name, license_id in (("one", "cc-by-sa-4.0"), ("two", "cc-by-nc-4.0"))
    }
    dataset = run(recipe_file(sources=sources)).dataset
    card = header(dataset)
    assert [card[key] for key in ("license", "license_name", "license_link")] == [
        "other",
        "mixed-see-column",
        "LICENSES.md",
    ]
    text = (dataset / "LICENSES.md").read_text()
    assert "cc-by-sa-4.0" in text
    assert "cc-by-nc-4.0" in text
    unnamed = {"format": "jsonl", "path": str(captions), "license": "My own license"}
    card = header(run(recipe_file(sources={"one": unnamed}), out="own").dataset)
    assert (card["license"], card["license_name"]) == ("other", "my-own-license")


EVIL = "x\n---\n# Owned\n| a | <script>alert(1)</script> [here](javascript:x) `code` \u202etxt\n```\n---\n"


def evil_facts(dataset) -> CardFacts:
    manifest = read_manifest(dataset)
    facts = {**manifest.facts, "name": EVIL}
    facts["sources"] = [
        {**source, **dict.fromkeys(("dataset", "config", "split", "revision", "license", "image_license"), EVIL)}
        for source in facts["sources"]
    ]
    facts["translators"] = {"f": {"model": f"{EVIL}@{EVIL}", "license": EVIL}}
    facts["scores"] = {f"score_{EVIL}": {"n": 0, "null": 3}}
    groups = [GroupCount(EVIL, EVIL, 5, 0, {EVIL: 3}, {EVIL: 2})]
    shards = {
        lang: [replace(shard, dropped={EVIL: 3}, kept=0, failed={EVIL: 2}, groups=groups) for shard in parts]
        for lang, parts in manifest.shards.items()
    }
    schema = pq.read_schema(dataset / manifest.all_shards()[0].path)
    return CardFacts(facts, EVIL, shards, schema)


def test_what_recipes_and_sources_say_stands_on_the_card_as_text(recipe_file, run):
    facts = evil_facts(run(recipe_file()).dataset)
    text = cards.card(facts)
    head, body = cards.parted(text)
    assert yaml.safe_load(head)["pretty_name"].startswith("x --- # Owned | a | <script>")
    assert RepoCard(text, ignore_metadata_errors=False).data.pretty_name == yaml.safe_load(head)["pretty_name"]
    pages = f"{body}\n{licenses_page(facts)}"
    fenced = re.sub(r"^```.*?^```$", "", pages, flags=re.DOTALL | re.MULTILINE)
    without_code = re.sub(r"(`+) .*? \1", "", fenced)
    assert "<script>" not in without_code
    assert "[here]" not in without_code
    assert "\u202e" not in text
    assert not re.search(r"^(---|# Owned|```$)", fenced, re.MULTILINE)
    for table in re.findall(r"(?:^\|.*\n)+", fenced, re.MULTILINE):  # no pipe of theirs parts a cell
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, table


def test_a_description_over_several_lines_is_one_and_configs_still_load(recipe_file, run):
    summary = run(recipe_file(description="a\n---\nconfigs: []\n---\n" + "b --- " * 60))
    assert header(summary.dataset)["configs"][0]["config_name"] == "default"
    kept = load_dataset(str(summary.dataset), "deu_Latn", split="train")
    assert len(kept) == summary.languages["deu_Latn"].kept
