from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.recipes import Recipe
from glotmill.recipes.load import completed

MINIMAL: dict[str, Any] = {
    "name": "small",
    "sources": {"s": {"format": "jsonl", "path": "deep/s.jsonl", "license": "mit"}},
    "languages": ["deu_Latn"],
    "translate": {"engine": "nllb"},
}


def recipe(**changes: Any) -> Recipe:
    return Recipe.model_validate({**MINIMAL, **changes}, context={"families": FAMILIES})


def problems(**changes: Any) -> list[str]:
    """The keys that are refused."""
    with pytest.raises(ValidationError) as caught:
        recipe(**changes)
    return [".".join(map(str, error["loc"])) for error in caught.value.errors()]


def test_what_a_recipe_leaves_out_is_golden():
    found = recipe().model_dump(exclude={"name", "sources", "languages"})
    assert found == {
        "description": "",
        "mix": {
            "mode": "fanout", "seed": 0, "by_source": {}, "weights": "uniform", "exponent": 1.0, "floor": 1,
            "english_share": None, "quotas": {}, "exclude": {}, "skip": (),
        },
        "templates": None,
        "clean": (),
        "derive": {},
        "labels": None,
        "splits": {"validation": 0.0, "test": 0.0, "by": "image_id", "seed": 0},
        "translate": {
            "engine": "nllb", "model": "embedded", "revision": None, "device": "auto", "compute_type": "auto",
            "batch_tokens": 2048, "unit_tokens": 32_768, "threads": 1, "unit_timeout": 1800,
            "beam_size": 4, "length_penalty": 1.0, "max_source_tokens": 1024,
            "max_decoding_tokens": 256, "actors_per_gpu": 1,
            "retry": {"beam_size": 5, "repetition_penalty": 1.2, "no_repeat_ngram": 4},
            "vocabulary": "full", "max_changed": 0.005, "hypotheses": 1, "choose": "score", "reverse_weight": 0.3,
            "quality_fit": None,
        },
        "answers": {
            "policy": "target", "seed": 0, "target_share": 0.5, "context": False, "context_miss": "bare",
            "dictionary": None, "table": None,
        },
        "score": {
            "scorers": None,
            "skip_rejected": False, "language_id": {"model": None, "second": "none"},
            "quality": None, "embedding": None, "image_text": None,
            "llm_judge": None,
        },
        "routing": {"languages": {}, "second": None, "back": None},
            "repair": None,
        "filter": {},
        "calibration": None,
        "pack": {"shard_rows": 250_000, "row_group_rows": 50_000},
        "limit": None,
        "memory": None,
        "workers": None,
        "max_failed": 0.01,
        "allow_licenses": None,
    }  # fmt: skip


@pytest.mark.parametrize("key", ["name", "sources", "languages", "translate"])
def test_these_keys_are_required(key: str):
    content = {name: value for name, value in MINIMAL.items() if name != key}
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate(content, context={"families": FAMILIES})
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [("missing", (key,))]


RANGES = [
    ("translate", "batch_tokens", 16, 1_000_000),
    ("translate", "unit_tokens", 16, 100_000_000),
    ("translate", "threads", 1, 256),
    ("translate", "beam_size", 1, 64),
    ("translate", "length_penalty", 0, 10),
    ("translate", "max_source_tokens", 8, 4096),
    ("translate", "max_decoding_tokens", 1, 4096),
    ("translate", "actors_per_gpu", 1, 16),
    ("answers", "target_share", 0, 1),
    ("pack", "shard_rows", 1, None),
    ("pack", "row_group_rows", 1, None),
    (None, "limit", 1, None),
    (None, "workers", 0, None),
    (None, "max_failed", 0, 1),
]


def placed(section: str | None, key: str, value: object) -> dict[str, Any]:
    if section is None:
        return {key: value}
    return {section: {**MINIMAL.get(section, {}), key: value}}


@pytest.mark.parametrize(("section", "key", "low", "high"), RANGES)
def test_numbers_are_taken_up_to_their_bounds_and_no_further(section: str | None, key: str, low: int, high: int | None):
    assert recipe(**placed(section, key, low))
    assert problems(**placed(section, key, low - 1))[0].endswith(key)
    assert recipe(**placed(section, key, high if high is not None else 10**9))
    if high is not None:
        assert problems(**placed(section, key, high + 1))[0].endswith(key)


@pytest.mark.parametrize(("section", "key"), [(section, key) for section, key, _, _ in RANGES])
@pytest.mark.parametrize("value", ["1", True, [1], {}], ids=repr)
def test_a_number_is_never_read_out_of_something_else(section: str | None, key: str, value: object):
    assert problems(**placed(section, key, value))[0].endswith(key)


@pytest.mark.parametrize("name", ["a", "7", "quick_start-2.1"])
def test_a_name_is_a_folders_name(name: str):
    assert recipe(name=name).name == name


@pytest.mark.parametrize("name", ["", ".hidden", "-a", "_a", "a/b", "..", "A", "ä", "a b", "a\n"])
def test_any_other_name_is_refused(name: str):
    assert problems(name=name) == ["name"]


def test_english_may_be_among_the_languages_and_their_order_is_kept():
    assert recipe(languages=["fra_Latn", "eng_Latn", "deu_Latn"]).languages == ("fra_Latn", "eng_Latn", "deu_Latn")


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        (["deu"], "unknown language code 'deu'.*deu_Latn"),
        (["deu_latn"], "unknown language code 'deu_latn'.*deu_Latn"),
        ([None], "unknown language code 'None'"),
        (["deu_Latn", "fra_Latn", "deu_Latn"], "deu_Latn named twice"),
    ],
)
def test_languages_are_flores_codes_each_once(languages: list, message: str):
    with pytest.raises(ValidationError, match=message):
        recipe(languages=languages)


def test_the_second_decode_can_be_switched_off():
    assert recipe(translate={"engine": "nllb", "retry": None}).translate.retry is None


def test_the_fake_engine_refuses_what_only_a_model_has():
    with pytest.raises(ValidationError, match="unknown key 'beam_size'"):
        recipe(translate={"engine": "fake", "beam_size": 4})


def test_the_lock_is_the_whole_recipe_but_for_where_and_how_wide_it_ran():
    found = recipe(workers=3, memory="deep/memory", translate={"engine": "nllb", "device": "cpu"}).lock()
    assert set(found) == set(Recipe.model_fields) - {"workers", "memory", "repair"}
    several = {
        "hypotheses",
        "choose",
        "reverse_weight",
        "quality_fit",
    }  # stands where a recipe keeps several hypotheses
    assert set(recipe().model_dump()["translate"]) - set(found["translate"]) == {"device", "unit_timeout", *several}
    assert found == recipe().lock()


def test_paths_in_the_lock_are_base_names():
    found = recipe(answers={"table": "deep/answers.tsv"}).lock()
    assert found["sources"]["s"]["path"] == "s.jsonl"
    assert found["answers"]["table"] == "answers.tsv"


def test_a_lock_reads_as_the_recipe_it_locks():
    assert completed(recipe(limit=5).lock(), FAMILIES) == recipe(limit=5).lock()


def test_several_hypotheses_and_repair_are_in_the_lock_of_a_recipe_that_has_them():
    engine = {"engine": "nllb", "device": "cpu", "hypotheses": 4}
    found = recipe(translate=engine, repair={"until": {"nmt": {"min_logprob": -2}}}).lock()
    assert (found["translate"]["hypotheses"], found["translate"]["choose"]) == (4, "score")
    assert found["repair"] == {"until": {"nmt": {"min_logprob": -2}}, "engine": None}
