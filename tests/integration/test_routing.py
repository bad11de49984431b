"""Several engines in one build: by language, for what the first failed on, and for the back-translation."""

from __future__ import annotations

import itertools

import polars as pl
import pytest

from glotmill.schemas.errors import InputError
from tests.stand_in_llm import StandIn

FAKE = {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256}


def served(server, **changes):
    fast = {"first_wait": 0.01, "longest_wait": 0.2, "attempts": 2}
    return {"engine": "openai", "model": "stand-in", "url": server.url, **fast, **changes}


def made(summary, lang):
    """(engines, last message, back) of each sound record"""
    table = pl.read_parquet(summary.dataset / "data" / lang / "*.parquet").filter(pl.col("row_status") == "ok")
    return [
        (
            row["mt"]["engines"],
            row["messages"][-1]["content"],
            row["back_messages"] and row["back_messages"][-1]["content"],
        )
        for row in table.iter_rows(named=True)
    ]


def test_each_language_goes_to_its_own_engine_and_the_manifest_names_both(recipe_file, run):
    with StandIn() as server:
        summary = run(recipe_file(translate=FAKE, routing={"languages": {"script:Latn & swh_Latn": served(server)}}))
        assert {body["messages"][0]["content"].split(" into ")[1][:7] for body in server.bodies} == {
            "Swahili",
            "English",
        }
    assert {tuple(engines) for engines, _, _ in made(summary, "deu_Latn")} == {("fake",)}
    assert {tuple(engines) for engines, _, _ in made(summary, "swh_Latn")} == {("openai",)}
    assert summary.failed == 0
    manifest = (summary.dataset / "manifest.json").read_text(encoding="utf-8")
    assert '"stand-in"' in manifest
    assert '"fake"' in manifest


def test_a_second_engine_is_asked_for_exactly_what_the_first_failed_on(recipe_file, run):
    first = {**FAKE, "fault": "empty", "fault_every": 3}
    with StandIn() as server:
        summary = run(recipe_file(translate=first, routing={"second": served(server)}, languages=["deu_Latn"]))
        asked = {text for text in server.seen if "ˈ" not in text}
    rows = made(summary, "deu_Latn")
    assert summary.failed == 0
    assert summary.segments.second == len(asked) > 0
    by_second = [text for engines, text, _ in rows if engines == ["openai"]]
    assert by_second
    assert all("ˈger" in text for text in by_second)
    assert any(engines == ["fake"] for engines, _, _ in rows)
    again = run(recipe_file(translate=first, languages=["deu_Latn"]), out="alone")
    assert again.segments.failed == summary.segments.second


def test_what_a_dead_server_left_goes_to_the_second_engine(recipe_file, run):
    with StandIn({"number 3 ": itertools.repeat("500")}) as server:
        summary = run(recipe_file(translate=served(server), routing={"second": FAKE}, languages=["deu_Latn"]))
    assert summary.failed == 0
    assert [text for engines, text, _ in made(summary, "deu_Latn") if "fake" in engines] == [
        "A dogˈdeu numberˈdeu 3 runsˈdeu onˈdeu theˈdeu grassˈdeu."
    ]


def test_another_engine_may_translate_back(recipe_file, run):
    with StandIn() as server:
        summary = run(recipe_file(translate=FAKE, routing={"back": served(server)}, languages=["deu_Latn"]))
        assert all("ˈdeu" in text for text in server.seen)
    rows = made(summary, "deu_Latn")
    assert {back for _, _, back in rows if back} <= {
        message for _, text, _ in rows for message in [text.replace("ˈdeu", "")]
    }
    assert {tuple(engines) for engines, _, _ in rows} == {("fake",)}
    assert summary.back_translation.usage.requests == summary.back_translation.unique


def test_an_engine_that_lacks_its_languages_is_refused_before_any_work(recipe_file, run):
    with pytest.raises(InputError, match="lacks"):
        run(recipe_file(translate=FAKE, languages=["zul_Latn"], routing={"second": {"engine": "nllb"}}))
    with pytest.raises(InputError, match="klingon"):
        run(recipe_file(translate=FAKE, routing={"languages": {"klingon": FAKE}}))


@pytest.mark.long
def test_two_engines_take_turns_on_ray(recipe_file, run, local_ray, tmp_path):
    second = {**FAKE, "retry_helps": True}  # another fingerprint
    first = {**FAKE, "fault": "empty", "fault_every": 3}
    recipe = {"translate": first, "routing": {"second": second}, "languages": ["deu_Latn"]}
    on_ray = run(recipe_file(**recipe, workers=1), out="ray")
    inline = run(recipe_file(**recipe, workers=0, memory=str(tmp_path / "other")), out="inline")
    assert on_ray.segments.second > 0
    assert on_ray.failed == inline.failed == 0
    assert made(on_ray, "deu_Latn") == made(inline, "deu_Latn")
