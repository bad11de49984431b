"""Builds with a language model behind a server: what goes wrong there costs the rows that it hits, and no others."""

from __future__ import annotations

import itertools

import polars as pl
import pytest

from glotmill.schemas.errors import WorkerError
from tests.stand_in_llm import StandIn


def engine(server, **changes):
    fast = {"first_wait": 0.01, "longest_wait": 0.2, "attempts": 2}
    return {"engine": "openai", "model": "stand-in", "url": server.url, **fast, **changes}


def rows(summary, lang="deu_Latn"):
    return pl.read_parquet(summary.dataset / "data" / lang / "*.parquet")


def failed(summary, lang="deu_Latn"):
    table = rows(summary, lang).filter(pl.col("row_status") == "failed")
    return {row["source_messages"][-1]["content"]: row["filter_reasons"] for row in table.iter_rows(named=True)}


# The texts with "number 7 " and so on are captions of tests/conftest.py, each one segment.
FAULTS = {
    "number 1 ": ("wrapper", "wrapper_leak"),
    "number 2 ": ("echo", "echo"),
    "number 3 ": ("refusal", "refusal"),
    "number 4 ": ("think", "reasoning_leak"),
    "number 5 ": ("lines", "extra_lines"),
    "number 6 ": ("empty", "empty_output"),
    "number 7 ": ("cut", "hit_limit"),
    "number 8 ": ("long", "overlong"),
    "number 9 ": ("500", "server_error"),
    "number 10 ": ("429", "server_busy"),
    "number 11 ": ("hang", "server_timed_out"),
    "number 12 ": ("trickle", "server_timed_out"),
    "number 13 ": ("truncated", "server_garbled"),
    "number 14 ": ("drop", "server_unreachable"),
    "number 15 ": ("400", "server_refused"),
}


def test_every_fault_ends_as_the_named_reason_of_its_row_and_only_the_texts_own_is_remembered(recipe_file, run):
    recipe = {"languages": ["deu_Latn"], "score": {"scorers": ["integrity"]}, "max_failed": 1.0}
    with StandIn({text: itertools.repeat(fault) for text, (fault, _) in FAULTS.items()}) as server:
        summary = run(recipe_file(translate=engine(server, timeout=1.5), **recipe))
    count = summary.languages["deu_Latn"]
    assert count.rows == 40
    assert sum(count.failed.values()) == len(FAULTS)
    reasons = {text: reason for text, (_, reason) in FAULTS.items()}
    for text, given in failed(summary).items():
        assert given == [next(reason for part, reason in reasons.items() if part in text)]
    machine = sum(reason.startswith("server_") for reason in reasons.values())
    assert summary.segments.unanswered == machine
    # A later build asks again what the machine failed on, and nothing else.
    with StandIn() as server:
        again = run(recipe_file(translate=engine(server), **recipe))
        assert len(server.seen) == machine
    assert again.segments.translated == machine
    assert sorted(again.languages["deu_Latn"].failed) == sorted(
        reason for reason in set(reasons.values()) if not reason.startswith("server_")
    )


def test_a_server_that_dies_ends_the_build_with_the_reason_and_what_it_answered_is_kept(recipe_file, run):
    with StandIn({"ball": itertools.repeat("500")}) as server:
        with pytest.raises(WorkerError, match=r"the server of stand-in was given up.*told to give 500.*run the same"):
            run(recipe_file(translate=engine(server, attempts=1, concurrency=1), languages=["deu_Latn"]))
        asked = len(server.seen)
    with StandIn() as server:
        summary = run(recipe_file(translate=engine(server), languages=["deu_Latn"]))
        forward = [text for text in server.seen if "ˈ" not in text]
    assert asked - 16 + len(forward) == summary.segments.unique
    assert summary.failed == 0


def test_requests_tokens_and_cost_are_counted_repeats_included(recipe_file, run):
    with StandIn({"number 3 ": ["500"], "number 4 ": ["wrapper"]}) as server:
        summary = run(
            recipe_file(
                translate=engine(server, price={"input": 1.0, "output": 2.0}),
                languages=["deu_Latn"],
                score={"scorers": ["integrity"]},
            )
        )
    usage, unique = summary.segments.usage, summary.segments.unique
    assert usage.requests == unique + 2
    assert (usage.prompt_tokens, usage.completion_tokens) == (10 * (unique + 1), 5 * (unique + 1))
    assert usage.cost == pytest.approx((usage.prompt_tokens * 1.0 + usage.completion_tokens * 2.0) / 1e6)
    assert summary.segments.retried == 1


def test_the_dataset_names_the_model_and_never_the_server(recipe_file, run, monkeypatch):
    monkeypatch.setenv("MY_KEY", "s3cret")
    with StandIn() as server:
        summary = run(recipe_file(translate=engine(server, key_env="MY_KEY"), languages=["deu_Latn"]))
        address = server.url.removeprefix("http://").removesuffix("/v1").encode()
    for path in summary.dataset.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert address not in content
            assert b"s3cret" not in content
            assert b"MY_KEY" not in content
    assert rows(summary)["mt"][0]["models"] == ["stand-in"]
