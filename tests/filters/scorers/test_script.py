from __future__ import annotations

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.script import PROPERTY, ScriptScorer
from glotmill.schemas.languages import registry


def scored(target: str, lang: str) -> dict:
    columns = ScriptScorer().score(pa.Table.from_pylist([{"target": target, "lang": lang}], schema=PAIR_SCHEMA))
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
