from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.features.lid_model import SHIPPED, load_lid
from glotmill.filters.features.target_language import normalise, normalised
from glotmill.filters.policy import make_policy
from glotmill.filters.scorers import language_id
from glotmill.filters.scorers.language_id import (
    THRESHOLDS,
    LanguageIdModel,
    LanguageIdScorer,
    thresholds,
)
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.languages import Language, language, read_table, registry

POLICY = make_policy({}, ["language_id"])


def scored(texts: list[str], lang: str) -> pl.DataFrame:
    pairs = pa.Table.from_pylist([{"target": text, "lang": lang} for text in texts], schema=PAIR_SCHEMA)
    columns = {f"score_language_id_{name}": values for name, values in LanguageIdScorer().score(pairs).items()}
    return pl.DataFrame(columns).with_columns(lang=pl.lit(lang))


def measure(text: str, target: Language) -> tuple[float | None, ...]:
    """(mass, short_margin, english) of one text."""
    names = ("mass", "short_margin", "english")
    return scored([text], target.code).select(f"score_language_id_{name}" for name in names).row(0)


def predict(text: str) -> dict[str, float]:
    return load_lid().predict(text)


def verdict(lang: str, **scores: float | None) -> list[str]:
    """The rules that a row with these scores fails."""
    columns = {**dict.fromkeys(metric.name for metric in LanguageIdScorer.metrics), **scores}
    frame = pl.DataFrame(
        {f"score_language_id_{name}": [value] for name, value in columns.items()},
        schema_overrides={f"score_language_id_{name}": pl.Float32 for name in columns},
    ).with_columns(lang=pl.lit(lang))
    return POLICY.failing(frame).to_list()[0]


def test_the_model_is_the_one_that_was_calibrated():
    assert file_sha256(SHIPPED) == "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"


@pytest.mark.parametrize("text", ["", "42 !", "Ja", "ein Hund", "<image>", "https://a.b/abcdefghijklmnop"])
def test_under_ten_letters_there_is_no_verdict(text: str):
    assert measure(text, language("deu_Latn")) == (None, None, None)


def test_ten_to_nineteen_letters_have_a_margin_and_longer_text_a_mass():
    assert [value is None for value in measure("ein roter Ball", language("deu_Latn"))] == [True, False, True]
    assert [value is None for value in measure("ein roter Ball auf der Wiese", language("deu_Latn"))] == [
        False,
        True,
        False,
    ]


def test_marks_count_as_letters_and_digits_do_not():
    assert measure("हिन्दी हिन्दी", language("hin_Deva"))[1] is not None
    assert measure("a1 b2 c3 d4 e5 f6 g7 h8 i9", language("deu_Latn")) == (None, None, None)


def test_normalising_takes_out_what_is_no_language():
    assert normalise("<image>\n**Ein** Hund 42\x00 https://a.b/c `x`") == "Ein Hund x"


@pytest.mark.parametrize(
    "text", ["Ein Hund läuft\nüber die Wiese.", "Ein Hund läuft\x00 über die Wiese.", "e\u0301" * 30]
)
def test_odd_characters_are_no_error(text: str):
    assert measure(text, language("deu_Latn"))[0] is not None


def test_probabilities_are_of_all_labels():
    assert sum(predict("Ein Hund und eine Katze").values()) == pytest.approx(1, abs=1e-3)


def test_a_language_that_the_model_confuses_with_the_wanted_one_counts_for_little_and_is_not_rejected():
    mass, _, _ = measure("En hund løber over den grønne plæne.", language("nob_Latn"))
    assert mass is not None
    assert 0.02 < mass < 0.2
    assert verdict("nob_Latn", mass=mass) == []


def test_albanian_is_sq_and_never_alemannic():
    assert "sq" in language("als_Latn").lid176_labels
    assert "als" not in language("als_Latn").lid176_labels


NO_LABELS = ("hau_Latn", "ibo_Latn", "zul_Latn", "xho_Latn", "sna_Latn", "nya_Latn", "sot_Latn", "mri_Latn")


@pytest.mark.parametrize("code", NO_LABELS)
def test_a_language_without_a_label_fails_only_where_the_model_is_sure_of_another(code: str):
    mass, margin, english = measure("Ngiyabonga kakhulu ngosizo lwakho namhlanje", language(code))
    assert margin is None
    assert english is not None
    assert verdict(code, mass=mass, english=english) == []
    mass, _, english = measure("Ein Hund läuft über die grüne Wiese", language(code))
    assert "language_id.mass" in verdict(code, mass=mass, english=english)
    assert verdict(code, english=0.5) == []
    assert verdict(code, english=0.9) == ["language_id.english"]


def test_tok_pisin_is_english_to_the_model_and_exempt():
    assert verdict("tpi_Latn", english=1.0) == []


def test_every_language_has_thresholds_and_none_asks_for_more_than_good_text_has():
    rows = list(read_table(THRESHOLDS))
    assert [row["flores_code"] for row in rows] == list(registry())
    for row in rows:
        assert 0 < float(row["min_segment_mass"]) <= 0.001
        assert 0 < float(row["min_mass"]) < 0.27
        assert -12 < float(row["min_short_margin"]) <= -1


@pytest.mark.parametrize("lang", ["deu_Latn", "swh_Latn", "xho_Latn", "rus_Cyrl"])
@pytest.mark.parametrize("name", ["mass", "short_margin"])
def test_each_language_has_its_own_threshold(lang: str, name: str):
    least = thresholds(f"min_{name}")[lang]
    assert verdict(lang, **{name: least + 1e-5}) == []
    assert verdict(lang, **{name: least - 1e-5}) == [f"language_id.{name}"]
    assert verdict(lang) == []


def test_a_recipe_can_ask_for_less_and_never_for_more_than_good_text_of_a_language_has():
    scores = {metric.score_column: [None] for metric in LanguageIdScorer.metrics}
    frame = pl.DataFrame(scores, schema_overrides=dict.fromkeys(scores, pl.Float32)).with_columns(
        lang=pl.lit("nob_Latn")
    )
    least = thresholds("min_mass")["nob_Latn"]
    for stated, found in ((0.1, []), (least / 4, []), (least, ["language_id.mass"])):
        policy = make_policy({"language_id": {"min_mass": stated}}, ["language_id"])
        mass = least / 2 if found or stated < least else least * 1.1
        assert policy.failing(frame.with_columns(score_language_id_mass=mass)).to_list() == [found]


@pytest.mark.parametrize(
    ("lang", "text"),
    [("swh_Latn", "Ninakupenda sana"), ("cym_Latn", "Dw i ddim yn gwybod"), ("afr_Latn", "Ek weet nie wat"),
     ("deu_Latn", "EIN MANN UND SEIN HUND SITZEN AUF EINER BANK"), ("ces_Latn", "Muž a žena jdou po ulici.")],
)  # fmt: skip
def test_good_text_of_weak_languages_short_text_and_capitals_pass(lang: str, text: str):
    assert rate([text], lang) == 1


@pytest.mark.parametrize(
    ("lang", "text"),
    [("hin_Deva", "तो मी आहे जो काल तुमच्या घरी आला होता"), ("fao_Latn", "The dog is running over the green meadow."),
     ("deu_Latn", "Un chien court sur l'herbe."), ("swh_Latn", "Ein Hund läuft über die Wiese."),
     ("ydd_Hebr", "הכלב רץ מהר מאוד על הדשא הירוק"), ("deu_Latn", "Der Hond leeft iwwer d'Wiss a spillt mam Ball")],
)  # fmt: skip
def test_another_language_of_the_same_script_is_rejected(lang: str, text: str):
    assert rate([text], lang) == 0


def test_no_pairs_give_no_scores():
    columns = LanguageIdScorer().score(pa.Table.from_pylist([], schema=PAIR_SCHEMA))
    assert columns.pop("detected").type == pa.string()
    assert all(len(column) == 0 and column.type == pa.float32() for column in columns.values())


def rate(texts: list[str], lang: str) -> float:
    """Share of texts that pass the default rule."""
    failing = POLICY.failing(scored(texts, lang))
    return float((failing.list.len() == 0).mean())  # type: ignore[arg-type]


@pytest.mark.parametrize(("short", "code"), [("de", "deu_Latn"), ("fr", "fra_Latn"), ("cs", "ces_Latn")])
def test_human_captions_pass_and_english_ones_do_not(shared_data: Path, short: str, code: str):
    def read(lang: str) -> list[str]:
        data = (shared_data / f"multi30k/test_2016_flickr.{lang}.gz").read_bytes()
        return gzip.decompress(data).decode().splitlines()

    assert rate(read(short), code) >= 0.99
    assert rate(read("en"), code) <= 0.01


@pytest.mark.parametrize(
    ("short", "code"),
    [("de", "deu_Latn"), ("pt", "por_Latn"), ("ru", "rus_Cyrl"), ("id", "ind_Latn"), ("bn", "ben_Beng"),
     ("ko", "kor_Hang"), ("zh", "zho_Hans")],
)  # fmt: skip
def test_human_questions_pass(shared_data: Path, short: str, code: str):
    content = json.loads((shared_data / f"xgqa/{short}/dev.json").read_text(encoding="utf-8"))
    assert rate([question["question"] for question in content.values()], code) >= 0.98


def test_a_second_identifier_that_is_not_installed_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(language_id, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"score.language_id.second needs py3langid.*glotmill\[langid\]"):
        LanguageIdScorer.make(LanguageIdModel(second="py3langid"))


def test_a_short_text_to_which_a_weak_language_is_unknown_is_rejected_where_another_is_certain():
    assert verdict("kmr_Latn", short_margin=math.log(1e-5 / 0.9)) == []
    assert verdict("kmr_Latn", short_margin=math.log(1e-5 / 0.99)) == ["language_id.short_margin"]


@pytest.mark.parametrize(
    ("lang", "text", "detected"),
    [
        ("deu_Latn", "Ein Hund läuft über die grüne Wiese.", "deu_Latn"),
        ("deu_Latn", "A dog runs over the green meadow.", "eng_Latn"),
        ("deu_Latn", "Un chien.", None),  # under ten letters
        ("swh_Latn", "Whatˈswh colorˈswh isˈswh ballˈswh ?", None),  # no label has a probability
        ("zho_Hant", "一隻棕色的狗在綠色的草地上奔跑。", "zho_Hant"),  # one label for both scripts
        ("jpn_Jpan", "一隻棕色的狗在綠色的草地上奔跑。", "zho_Hans"),
        ("ita_Latn", "Canis magnus per agros viridis currit et latrat.", "la"),  # FLORES-200 has no Latin
    ],
)
def test_the_likeliest_language_is_a_flores_code_where_there_is_one(lang: str, text: str, detected: str | None):
    assert scored([text], lang)["score_language_id_detected"].to_list() == [detected]


ODD = st.text(
    st.characters(codec="utf-8") | st.sampled_from(" aBéÉ\u0301\x00\x1c\x85\xa0\u200b\u3000\u1fef3٣<>*`|_#:/"),
    max_size=9,
)
PHRASE = st.lists(
    ODD | st.sampled_from(["https://a.b", "<b>", "EIN HUND", "Ein Hund", "собака", "ein  Hund"]), max_size=4
)


@given(st.lists(PHRASE.map(" ".join), max_size=8))
def test_texts_are_normalised_together_as_one_by_one(texts: list[str]):
    assert normalised(pl.Series(texts, dtype=pl.String)) == [normalise(text) for text in texts]


@pytest.mark.parametrize(
    "text", ["嗯,他去看凯特了,从那儿出发吧.", "他们当然是从Concorde走到Charles de Gaulle广场去的!"]
)
def test_a_text_mostly_in_chinese_characters_is_in_no_language_of_latin_letters(text: str):
    row = scored([text], "zho_Hans").row(0, named=True)
    assert row["score_language_id_detected"] in ("zho_Hans", None)  # None: it knows nothing of these letters
    scores = {name: row[f"score_language_id_{name}"] for name in ("mass", "short_margin", "english")}
    assert verdict("zho_Hans", **{name: value for name, value in scores.items() if value is not None}) == []


def test_a_text_mostly_in_latin_letters_is_still_english_to_every_script():
    row = scored(["This was left in English, but for 一 word."], "zho_Hans").row(0, named=True)
    assert row["score_language_id_detected"] == "eng_Latn"
