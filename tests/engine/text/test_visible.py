from __future__ import annotations

import json

import pytest

from glotmill.engine.text.visible import neutral, visible, visible_json, visible_line

COMMANDS = "\x1b\x07\r\x08\x7f\x9b\u061c\u200e\u200f\u202a\u202e\u2066\u2069\u2028\u2029\ufeff\ud800"


@pytest.mark.parametrize("character", COMMANDS)
def test_what_commands_a_terminal_or_turns_the_line_is_shown_by_its_number(character: str):
    assert visible(f"a{character}b") == f"a<U+{ord(character):04X}>b"


@pytest.mark.parametrize("text", ["a\tb\nc", "naïve 犬 🐕‍🦺", "می‌خواهم", "क्‍ष", "[bold]x[/bold]"])
def test_text_of_any_language_stays(text: str):
    assert visible(text) == neutral(text) == text


def test_a_part_of_a_line_stays_one_line():
    assert visible_line("a\nerror: b") == "a<U+000A>error: b"


def test_json_means_the_same():
    text = json.dumps(COMMANDS[:-1] + "é", ensure_ascii=False)
    assert visible_json(text).isascii() is False
    assert not set(visible_json(text)) & set(COMMANDS)
    assert json.loads(visible_json(text)) == json.loads(text)
