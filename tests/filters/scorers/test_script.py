from __future__ import annotations

import pyarrow as pa
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.script import HAN, MIN_LETTERS, PROPERTY, ScriptScorer, han_variants
from glotmill.schemas.languages import registry

PIECES = ["собака ", "ж", "Berlin", "NASA ", "dog ", "犬", "2", "“", "” ", " "]
MIXED = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)


def scored(target: str, lang: str, source: str = "") -> dict:
    pair = {"target": target, "lang": lang, "source": source}
    columns = ScriptScorer().score(pa.Table.from_pylist([pair], schema=PAIR_SCHEMA))
    return {name: values[0].as_py() for name, values in columns.items()}


@pytest.mark.parametrize(
    ("lang", "text"),
    [("deu_Latn", "Ein Hund läuft."), ("rus_Cyrl", "Собака бежит."), ("jpn_Jpan", "犬がボールを走って追う。コーヒー"),
     ("kor_Hang", "개가 달린다."), ("zho_Hans", "狗在跑步。"), ("ben_Beng", "কুকুরটি দৌড়াচ্ছে।"), ("tha_Thai", "สุนัขวิ่ง"),
     ("arb_Arab", "الكلب يركض."), ("hin_Deva", "कुत्ता दौड़ रहा है।")],
)  # fmt: skip
def test_a_text_in_its_script_is_all_of_it(lang: str, text: str):
    assert scored(text, lang)["frac"] == 1.0


def test_another_script_is_none_of_it():
    assert scored("Ein Hund läuft.", "rus_Cyrl")["frac"] == 0
    assert scored("Ein Hund läuft.", "rus_Cyrl")["latin_frac"] == 1
    assert scored("Собака бежит.", "deu_Latn")["frac"] == 0


def test_chinese_is_not_korean():
    assert scored("狗在跑步吗这里", "kor_Hang")["frac"] == 0


@pytest.mark.parametrize("text", ["", "42 !?", "abc"])
def test_few_letters_are_not_judged(text: str):
    assert scored(text, "deu_Latn")["frac"] is None


def test_simplified_and_traditional_are_told_apart():
    assert scored("这个红色的汽车", "zho_Hans")["han_variant"] == 1
    assert scored("這個紅色的汽車", "zho_Hans")["han_variant"] == 0
    assert scored("這個紅色的汽車", "zho_Hant")["han_variant"] == 1
    assert scored("大小人口", "zho_Hans")["han_variant"] is None
    assert scored("这个红色的汽车", "jpn_Jpan")["han_variant"] is None


def test_every_script_of_flores_is_known():
    assert {entry.script for entry in registry().values()} <= set(PROPERTY)


@pytest.mark.parametrize(
    ("lang", "target", "source"),
    [("zho_Hans", "我在 Microsoft Office 中打开", "I open it in Microsoft Office"),
     ("jpn_Jpan", "YouTubeでGPSを見る", "I watch GPS on YouTube"),
     ("rus_Cyrl", "Он сказал \"good morning\"", "He said \"good morning\""),
     ("deu_Latn", "Das Wort „собака“ heißt Hund", "The word “собака” means dog")],
)  # fmt: skip
def test_names_and_quotations_of_the_source_cost_nothing(lang: str, target: str, source: str):
    assert scored(target, lang, source)["frac"] == 1


def test_words_that_were_left_untranslated_still_count_and_so_do_names_alone():
    left = scored("这个人 is riding a red bicycle 吗", "zho_Hans", "Is the man riding a red bicycle")
    assert left["frac"] < 0.35
    assert scored("New York", "zho_Hans", "New York")["frac"] == 0
    assert scored("我在 Microsoft 中", "zho_Hans", "I open it")["frac"] < 0.5


def test_a_chinese_character_weighs_as_two_letters_in_chinese_alone():
    name = "我在纽约的时候用 Photoshop 和 Lightroom"  # 9 characters and 18 letters that the source does not have
    assert scored("我在纽约的时候 Photoshop", "zho_Hans", "There I edited it")["frac"] == pytest.approx(14 / 23)
    assert scored(name, "zho_Hant", "There I edited it")["frac"] == pytest.approx(18 / 36)
    assert scored("私はそこで Photoshop", "jpn_Jpan", "There I edited it")["frac"] == pytest.approx(5 / 14)
    assert scored("我在纽约的时候 Photoshop", "zho_Hans", "There I edited it")["latin_frac"] == pytest.approx(9 / 16)


def test_a_language_of_several_scripts_is_judged_by_the_code_asked_for():
    assert scored("Pas trči preko livade", "srp_Cyrl", "The dog runs across the meadow")["frac"] == 0
    assert scored("Ит жүгіріп жүр", "kaz_Cyrl", "The dog runs")["frac"] == 1
    assert scored("It yugurmoqda", "uzn_Latn", "The dog runs")["frac"] == 1
    assert scored("Ит югурмоқда", "uzn_Latn", "The dog runs")["frac"] == 0


@given(st.lists(st.tuples(MIXED, MIXED), min_size=1, max_size=6))
def test_names_and_quotations_are_left_out_as_if_each_text_was_gone_through(pairs: list[tuple[str, str]]):
    rows = [{"source": source, "target": target, "lang": "rus_Cyrl"} for source, target in pairs]
    columns = ScriptScorer().score(pa.Table.from_pylist(rows, schema=PAIR_SCHEMA))
    wanted = [gone_through(*pair) for pair in pairs]
    assert columns["frac"].to_pylist() == pytest.approx(wanted)


def gone_through(source: str, target: str) -> float | None:
    """The share of Cyrillic letters in a target without the other words that its source has."""
    cyrillic, words = regex.compile(r"(?=\p{L})\p{Cyrillic}"), regex.compile(r"[\p{L}\p{N}]+")
    quoted = set(words.findall(" ".join(regex.findall(r"“([^”]+)”", source))))
    given = set(words.findall(source))

    def cut(found: regex.Match[str]) -> str:
        word = found.group()
        return "" if word in quoted or (word in given and not word.islower()) else word

    if len(cyrillic.findall(target)) >= MIN_LETTERS:
        target = regex.sub(r"(?:(?!\p{Cyrillic})[\p{L}\p{N}])+", cut, target)
    letters = len(regex.findall(r"\p{L}", target))
    return len(cyrillic.findall(target)) / letters if letters >= MIN_LETTERS else None


def test_chinese_characters_are_simplified_or_traditional_as_opencc_converts_each_of_them():
    characters = [chr(point) for point in HAN]
    ways = (OpenCC(way).convert("\n".join(characters)).split("\n") for way in ("s2t", "t2s"))
    rows = list(zip(characters, *ways, strict=True))
    simplified = "".join(char for char, to, back in rows if char != to and char == back)
    traditional = "".join(char for char, to, back in rows if char != back and char == to)
    assert han_variants() == (simplified, traditional)


def test_a_build_starts_without_converting_characters_one_by_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(OpenCC, "convert", None)  # a third of a second at each start
    han_variants.cache_clear()
    assert ScriptScorer().fingerprint()["han"] == list(map(len, han_variants()))
