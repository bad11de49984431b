"""``glotmill vocabulary`` writes lists that a recipe takes, and says what they cover."""

from __future__ import annotations

import json

import pytest

GERMAN = ["Ein Hund rennt über das Gras.", "Eine Frau sitzt auf einer Bank.", "Zwei Männer stehen im Wasser."]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "de.txt"
    path.write_text("\n".join(GERMAN))
    return path


def test_a_list_of_a_text_is_a_token_a_line_and_names_what_it_covers(glotmill, tmp_path, text):
    out = tmp_path / "deu_Latn.tokens"
    texts = ("--text", text, "--check", text)
    code, printed, err = glotmill("vocabulary", "embedded", "--lang", "deu_Latn", *texts, "--out", out, "--json")
    assert code == 0, err
    [made] = json.loads(printed)["vocabularies"]
    assert (made["lang"], made["tokens_covered"], made["sentences_covered"]) == ("deu_Latn", 1.0, 1.0)
    assert 0 < made["unseen_mass"] <= 1
    head, *tokens = out.read_text().splitlines()
    assert head.startswith(f"# {made['tokens']} of {made['of']} output tokens for deu_Latn")
    assert "▁Hund" in map(json.loads, tokens)
    assert len(tokens) == made["tokens"] < made["of"]
    code, printed, _ = glotmill("vocabulary", "embedded", "--lang", "deu_Latn", "--text", text, "--out", out)
    assert code == 0
    assert f"deu_Latn, {made['tokens']:,} of {made['of']:,} tokens" in printed


def test_several_languages_are_written_by_name_from_their_scripts(glotmill, tmp_path):
    out = tmp_path / "{lang}.tokens"
    code, printed, err = glotmill(
        "vocabulary", "embedded", "--lang", "deu_Latn", "--lang", "rus_Cyrl", "--out", out, "--json"
    )
    assert code == 0, err
    german, russian = json.loads(printed)["vocabularies"]
    assert german["tokens"] > russian["tokens"]
    assert (tmp_path / "rus_Cyrl.tokens").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--lang", "deu_Latn", "--text", "nowhere.txt", "--out", "x"], "--text: nowhere.txt: cannot be read"),
        (["--lang", "xx", "--out", "x"], "unknown language code"),
        (["--lang", "deu_Latn", "--lang", "fra_Latn", "--out", "x"], "expected {lang} in its name"),
    ],
)
def test_what_is_not_usable_is_one_line_and_writes_nothing(refuses, arguments, problem):
    assert problem in refuses("vocabulary", "embedded", *arguments)
