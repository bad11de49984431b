"""Instructions around rows whose turns are in different languages: the text names the language of the reply."""

from __future__ import annotations

from typing import Any

import pytest

from glotmill.engine.samples.instruct import instructed
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.composition import EngineName, compose
from glotmill.engine.text.fields import other_requests, turn_requests
from glotmill.engine.text.parts import Entry
from glotmill.engine.text.template_wording import InstructionRule
from glotmill.recipes.model import Answers
from glotmill.recipes.sections.templates import Templates, load_bank
from glotmill.schemas.task import CROSS_LINGUAL

BANK = load_bank(None)
EN2X, X2EN, X2X = ["source", None], [None, "source"], ["vie_Latn", None]


def sample(*contents: str, plan: list[str | None] | None, task: str = "conversation", **changes: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    row: dict[str, Any] = {
        "source_id": "s1:0", "task": task, "source_lang": "eng_Latn", "template_id": None,
        "source_messages": [{"role": roles[n % 2], "content": text} for n, text in enumerate(contents)],
        "image_refs": [{"image_id": "i", "uri": "i.jpg"}] * sum(text.count("<image>") for text in contents),
        "source_choices": None, "source_answers": None, "answer_index": None, "kind": None, "slots": None,
        "turn_plan": None if plan is None else plan * (len(contents) // 2), "instruction": None,
    }  # fmt: skip
    return {**row, **changes}


def put(row: dict[str, Any], instruction: Any = "source", seed: int = 0) -> dict[str, Any]:
    return instructed(row, InstructionRule(Templates(instruction=instruction, seed=seed), BANK))


def texts(row: dict[str, Any], lang: str) -> list[str]:
    """The turns in a language, as an engine that adds its language's code makes them."""
    rule = AnswerRule(Answers(policy="source"), {})
    asked = {lang: turn_requests(row), **{k: [*v] for k, v in other_requests(row, lang).items() if k != lang}}
    entries = {
        (into, text): Entry(f"{text} {into[:3]}", None, -0.5, 4, hit_limit=False, back=text)
        for into, requests in asked.items()
        for text in requests
    }
    made = compose(row, lang, entries, rule, EngineName("fake", "fake", "f" * 32))
    assert made.failure is None
    return [turn["content"] for turn in made.columns["messages"]]


@pytest.mark.parametrize("instruction", ["source", "target", "mixed"])
@pytest.mark.parametrize(
    ("plan", "named", "asked"),
    [(EN2X, "German", "Where is it?"), (X2EN, "English", "Where is it? deu"), (X2X, "German", "Where is it? vie")],
)
def test_a_pair_of_languages_names_the_one_that_its_reply_is_in(
    instruction: str, plan: list[str | None], named: str, asked: str
):
    for seed in range(8):
        row = put(sample("Where is it?", "It is here.", plan=plan), instruction, seed)
        assert row["template_id"].startswith(CROSS_LINGUAL)
        user, _ = texts(row, "deu_Latn")
        assert named in user
        assert asked in user.split("\n")


def test_a_longer_conversation_names_the_language_in_its_first_question_and_keeps_its_turns():
    given = ["<image>\nWhat is it?", "A dog.", "Is it old?", "It is young."]
    row = put(sample(*given, plan=EN2X))
    user, *others = texts(row, "deu_Latn")
    assert user.startswith("<image>\n")
    assert "German" in user
    assert "What is it?" in user.split("\n")
    assert others == ["A dog. deu", "Is it old?", "It is young. deu"]
    assert [turn["content"] for turn in row["source_messages"][1:]] == given[1:]


@pytest.mark.parametrize("user", ["<image>\nWhat is it?", "What is it?\n<image>", "<image><image> What is it?"])
def test_images_stand_before_the_question_as_many_as_there_were(user: str):
    row = put(sample(user, "A dog.", plan=EN2X))
    assert row["slots"] == [{"name": "question", "text": "What is it?", "label": None}]
    count = user.count("<image>")
    content = row["source_messages"][0]["content"]
    assert content.startswith("<image>\n" * count)
    assert content.count("<image>") == count


@pytest.mark.parametrize("user", ["Is <image> older than <image> here?", "<image>"])
def test_a_question_with_images_between_its_words_or_none_stays_as_it_is(user: str):
    row = sample(user, "A dog.", plan=EN2X)
    assert put(row) == row


def test_conversations_in_one_language_stay_as_they_are():
    row = sample("Where is it?", "It is here.", plan=None)
    assert put(row) == row


@pytest.mark.parametrize("instruction", ["source", "target", "mixed"])
def test_a_pair_whose_task_has_templates_takes_one_that_names_the_language(instruction: str):
    for seed in range(12):
        row = put(
            sample("What is it?", "a dog", plan=X2EN, task="vqa_open", source_answers=["a dog"]), instruction, seed
        )
        assert row["template_id"].startswith("vqa_open.name.")
        assert "English" in texts(row, "deu_Latn")[0]
