"""What a record says of its languages can be read off its texts, where an engine marks every word that it makes."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from glotmill.engine.text.answers import yes_no
from glotmill.recipes.sections.templates import load_bank
from glotmill.schemas.languages import ENGLISH

LANGS = [ENGLISH, "deu_Latn", "fra_Latn", "ces_Latn"]
BANK = {t.name: {"user": t.user, "assistant": t.assistant} for ts in load_bank(None).values() for t in ts}
# Yes and no come from a table, so no engine marks them.
YES_NO = {word.casefold(): lang for lang in LANGS[1:] for word in yes_no()[lang].values()}
ROWS = {
    "captions": [
        {"id": f"c{i}", "task": "caption", "image": f"{i}.jpg", "caption": f"The {thing} rests {place}."}
        for i, (thing, place) in enumerate((t, p) for t in ("dog", "cat", "boat") for p in ("here", "outside"))
    ],
    "questions": [
        {"id": f"q{i}", "task": "vqa_open", "image": f"{i}.jpg", "question": "What holds the thing?",
         "answers": [answer, "dark red", "two", answer, "yes", "7", "no", "red", "zebu", answer]}
        for i, answer in enumerate(("red", "yes", "12", "brown dog", "no", "red") * 4)
    ],
    "reasons": [
        {"id": f"e{i}", "task": "explanation", "image": f"{i}.jpg", "choices": ["a train", "a dog", "12", "red"],
         "answer_index": i % 4, "messages": [{"role": "user", "content": "<image>\nWhat runs on this?"},
                                             {"role": "assistant", "content": "There are rails"}]}
        for i in range(8)
    ],
    "choices": [
        {"id": f"m{i}", "task": "vqa_mc", "image": f"{i}.jpg", "question": "Which of these?",
         "choices": ["red", "zebu", "yes"], "answer_index": i % 3}
        for i in range(6)
    ],
}  # fmt: skip
DERIVE = {
    "match": {"kind": "matching", "sources": ["captions"]},
    "vqg": {"kind": "vqg", "sources": ["questions"]},
    "cot": {"kind": "cot", "sources": ["reasons"]},
    "pairs": {"kind": "cross_lingual", "sources": ["questions"], "mode": "x2x"},
    "translations": {"kind": "translation", "sources": ["captions"], "text": "assistant"},
}
ANSWERS = {
    "target": {"policy": "target"},
    "source": {"policy": "source"},
    "dictionary": {"policy": "target", "dictionary": {"min_count": 12}},
}


@pytest.fixture
def rows(tmp_path: Path, run) -> Any:
    def go(answers: dict[str, Any], instruction: str) -> pl.DataFrame:
        sources = {}
        for name, listed in ROWS.items():
            path = tmp_path / f"{name}.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in listed))
            sources[name] = {"format": "jsonl", "path": str(path), "license": "mit"}
        bank = tmp_path / "bank.yaml"
        bank.write_text('vqa_mc: {plain: "Pick one: {question}\\n{options}", named: "Use {language}. {question}"}\n')
        content = {
            "name": "rows", "sources": sources, "languages": LANGS, "workers": 0, "derive": DERIVE, "answers": answers,
            "templates": {"instruction": instruction, "bank": str(bank)}, "translate": {"engine": "fake"},
            "score": {"scorers": ["integrity"]}, "memory": str(tmp_path / "memory"),
        }  # fmt: skip
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(content))
        dataset = run(path).dataset
        return pl.concat([pl.read_parquet(file) for file in sorted(dataset.glob("data/*/*.parquet"))])

    return go


def languages_in(text: str) -> set[str]:
    """The languages of the words of a text, by the marks on them."""
    found = set()
    for token in text.replace("<image>", "").split():
        word = re.sub(r"^\W+|\W+$", "", token)
        if re.search(r"[^\W\d_]{2}", word):
            mark = word.partition("ˈ")[2][:3]
            by_mark = next(lang for lang in LANGS if mark == ("" if lang == ENGLISH else lang[:3]))
            found.add(YES_NO.get(word.casefold(), by_mark))
    return found


@pytest.mark.parametrize(
    ("policy", "instruction"), [("target", "source"), ("source", "mixed"), ("dictionary", "target")]
)
def test_the_languages_that_a_record_names_are_those_of_its_words(policy: str, instruction: str, rows):
    seen: Counter[str] = Counter()
    for row in rows(ANSWERS[policy], instruction).filter(row_status="ok").iter_rows(named=True):
        options = {lang for lang in row["choice_langs"] or () if lang}
        for number, (turn, lang) in enumerate(zip(row["messages"], row["turn_langs"], strict=True)):
            template = BANK.get(row["template_id"], {"user": "x", "assistant": None})[turn["role"]]
            slots = [slot for slot in row["slot_langs"] or () if slot["turn"] == number]
            own = {slot["lang"] for slot in slots if slot["lang"]}
            own |= options if any(slot["slot"] == "options" for slot in slots) else set()
            spoken = row["instruction_langs"][number]
            if row["template_id"] is None or template is None:
                assert (spoken, slots) == (None, [])
                own = {lang} - {None}
            assert languages_in(turn["content"]) == own | ({spoken} - {None}), (row["template_id"], turn)
            assert lang == (next(iter(own)) if len(own) == 1 else spoken if not own else None)
            seen["mixed" if len(own | {spoken} - {None}) > 1 else "one"] += 1
        for kind in ("answer", "choice"):
            for text, lang in zip(row[f"{kind}s"] or (), row[f"{kind}_langs"] or (), strict=True):
                assert languages_in(text) == {lang} - {None}
                seen[f"{kind}: " + ("English" if lang == ENGLISH else "other" if lang else "none")] += 1
    assert seen["mixed"] > 10
    assert seen["answer: none"] > 0
    assert (seen["answer: other"] > 0) == (policy != "source")
    assert seen["answer: English"] > 0
