"""`plan` and `preview` give what a build would cost at the recipe's prices, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glotmill.engine.llm.prompts import load_prompts, tagged
from tests.engine.cli.conftest import Result
from tests.stand_in_llm import StandIn

Glotmill = Callable[..., Result]
PRICE = {"input": 1.0, "output": 2.0}
HIGH = {"input": 100.0, "output": 200.0}


def engine(server: StandIn, **changes: Any) -> dict[str, Any]:
    return {"engine": "openai", "model": "stand-in", "url": server.url, **changes}


def answer(glotmill: Glotmill, verb: str, recipe: Path, code: int) -> dict[str, Any]:
    found, out, err = glotmill(verb, recipe, "--out", "out", "--json")
    assert found == code, err
    return json.loads(out)


def at(price: dict[str, float], usage: dict[str, Any]) -> float:
    return (usage["prompt_tokens"] * price["input"] + usage["completion_tokens"] * price["output"]) / 1e6


@pytest.mark.parametrize("mode", ["segment", "record"])
def test_the_cost_is_that_of_what_the_build_then_sends_there_and_back(mode: str, glotmill: Glotmill, recipe_file, run):
    """Each engine at its own price."""
    with StandIn() as server, StandIn() as other:
        german = engine(other, mode=mode, price=HIGH, temperature=0.5)
        recipe = recipe_file(translate=engine(server, price=PRICE), routing={"languages": {"deu_Latn": german}})
        planned, found = answer(glotmill, "plan", recipe, 3), answer(glotmill, "preview", recipe, 0)
        assert not server.seen + other.seen
        usage, seen = planned["usage"], found["estimate"]["usage"]
        assert usage["requests"] == planned["calls"] + planned["back_calls"] > 0
        assert at(PRICE, usage) < usage["cost"] < at(HIGH, usage)
        assert mode == "record" or usage == seen
        assert f"cost: about {usage['cost']:,.4f} at the recipe's prices" in glotmill("plan", recipe, "--out", "out")[1]
        assert f"cost: about {seen['cost']:,.4f} at the recipe's prices" in glotmill("preview", recipe)[1]
        run(recipe)
        assert server.seen.total() + other.seen.total() >= usage["requests"]
        assert answer(glotmill, "plan", recipe, 0)["usage"]["requests"] == 0
        assert "cost:" not in glotmill("plan", recipe, "--out", "out")[1]


def test_the_expected_tokens_are_those_of_the_instructions_and_the_text(glotmill: Glotmill, recipe_file):
    with StandIn() as server:
        translate = engine(server, price=PRICE)
        recipe = recipe_file(translate=translate, languages=["deu_Latn"], score={"scorers": ["integrity"]})
        usage = answer(glotmill, "plan", recipe, 3)["usage"]
    system = load_prompts("builtin").system("segment", "eng_Latn", "deu_Latn")
    around = len((system + tagged("")).encode()) // 3 + 3
    assert usage["prompt_tokens"] == usage["requests"] * around + usage["completion_tokens"]
    assert usage["cost"] == pytest.approx(at(PRICE, usage))


def test_without_a_price_there_is_no_cost(glotmill: Glotmill, recipe_file):
    with StandIn() as server:
        recipe = recipe_file(translate=engine(server))
        assert answer(glotmill, "plan", recipe, 3)["usage"]["cost"] is None
        assert answer(glotmill, "preview", recipe, 0)["estimate"]["usage"]["cost"] is None
        assert "cost:" not in glotmill("plan", recipe)[1] + glotmill("preview", recipe)[1]
