from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.lexical import LexicalScorer, _copied, _copies, _Texts

SOURCE = "A small brown dog runs over the green grass."


def scored(target: str, source: str = SOURCE, lang: str = "deu_Latn", field_type: str = "caption") -> dict:
    pair = {"source": source, "target": target, "lang": lang, "field_type": field_type}
    columns = LexicalScorer().score(pa.Table.from_pylist([pair], schema=PAIR_SCHEMA))
    return {name: values[0].as_py() for name, values in columns.items()}


GOOD = "Ein kleiner brauner Hund rennt über das grüne Gras."


def test_a_good_translation_copies_and_repeats_nothing():
    scores = scored(GOOD)
    assert (scores["copy_frac"], scores["copy_lcs"], scores["tng4"], scores["dup2"]) == (0, 0, 0, 0)
    assert scores["len_z"] < 1


def test_an_untranslated_text_is_copied_whole():
    assert (scored(SOURCE)["copy_frac"], scored(SOURCE)["copy_lcs"]) == (1, 1)


def test_half_of_it_copied_is_half_of_the_words_and_one_run():
    scores = scored("Ein kleiner brauner Hund runs over the green grass.")
    assert scores["copy_frac"] == pytest.approx(5 / 9)
    assert scores["copy_lcs"] == pytest.approx(5 / 9)


def test_a_name_of_several_words_is_no_run():
    scores = scored(
        "Menschen am J.P. Morgan Corporate Challenge.", "People attending a J.P. Morgan Corporate Challenge."
    )
    assert scores["copy_lcs"] == 0


def test_names_within_a_run_of_other_words_are_part_of_it():
    source = "A city street has many signs in Chinese."
    assert scored("Eine Straße in der Stadt many signs in Chinese.", source)["copy_lcs"] == pytest.approx(4 / 8)
    source = "Two men wearing hats in New York City."
    assert scored("Zwei Männer mit Hüten in New York City.", source)["copy_lcs"] == 0
    title = "Two Towers and The Return of the King of Gondor Again"
    assert scored(f"Sie liest {title}.", f"She reads {title}.")["copy_lcs"] == 0


@pytest.mark.parametrize(
    ("source", "target", "lang"),
    [
        ("Is the sailboat small?", "Ist das sailboat small?", "deu_Latn"),
        ("Is that table round?", "Essa that table?", "por_Latn"),
    ],
)
def test_two_copied_words_are_half_of_a_source_of_four(source: str, target: str, lang: str):
    assert scored(target, source, lang)["copy_lcs"] >= 0.5


@pytest.mark.parametrize(
    ("source", "target", "lang"),
    [("A singer doing a stage dive into the crowd.", "Zpěvák dělá stage dive.", "ces_Latn"),
     ("Tom is in the kitchen.", "Tom is in de keuken.", "nld_Latn"),
     ("Who is sitting?", "Quem is sitting?", "por_Latn")],
)  # fmt: skip
def test_two_words_of_a_longer_or_shorter_source_or_beside_a_name_are_no_run(source: str, target: str, lang: str):
    assert scored(target, source, lang)["copy_lcs"] in (0, None)


def test_copied_words_apart_are_no_run():
    assert scored("Ein small dog brown Gras grass over.")["copy_lcs"] == 0


def test_where_there_are_no_spaces_characters_count():
    scores = scored("一只小狗在草地上 runs over the green grass.", lang="zho_Hans")
    assert scores["copy_frac"] == pytest.approx(5 / 13)
    assert scored("一只棕色的小狗跑过绿色的草地。", lang="zho_Hans")["copy_frac"] == 0


def test_sources_of_three_words_are_not_judged_for_copies():
    assert scored("New York City", source="New York City")["copy_frac"] is None


def test_a_loop_repeats_four_words_and_pairs():
    loop = scored(GOOD + " das grüne Gras" * 5)
    assert loop["tng4"] >= 3
    assert loop["dup2"] > 0.4
    twice = scored(f"{GOOD} {GOOD}")
    assert twice["tng4"] == 1
    assert 0.39 < twice["dup2"] < 0.5


def test_a_repetition_of_the_sources_own_is_none():
    chant = "we will we will we will we will rock you"
    assert scored("wir werden wir werden wir werden wir werden euch rocken", source=chant)["tng4"] <= 0


def test_length_is_judged_where_the_usual_ratio_is_known():
    assert scored("Ein Hund.")["len_z"] > 3.5
    assert scored(GOOD, lang="swh_Latn")["len_z"] is None
    assert scored(GOOD, field_type="response")["len_z"] is None
    assert scored("Hund", source="dog")["len_z"] is None
    assert scored("Ein Hund.")["len_logratio"] < -1


def test_only_long_texts_are_compressed():
    assert scored(GOOD)["zlib_ratio"] is None
    assert scored("na " * 200)["zlib_ratio"] < 0.1


@settings(max_examples=40)
@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60)), max_size=8))
def test_a_pair_is_judged_alike_alone_and_among_others(texts):
    pairs = [{"source": s, "target": t, "lang": "deu_Latn", "field_type": "caption"} for s, t in texts]
    table = pa.Table.from_pylist(pairs, schema=PAIR_SCHEMA)
    together = pl.DataFrame(LexicalScorer().score(table))
    alone = [pl.DataFrame(LexicalScorer().score(table.slice(row, 1))) for row in range(len(pairs))]
    assert not alone or together.equals(pl.concat(alone))


@pytest.mark.parametrize(
    ("source", "target", "lang"),
    [("Tom beat up Mary.", "Tom gennempryglede Mary.", "dan_Latn"), ("I'm 45 years old.", "45 წლის ვარ.", "kat_Geor"),
     ("My name is Farshad.", "Is mise Farshad.", "gle_Latn"),
     ("I had breakfast at 7:30.", "Almorcei ás 7:30.", "glg_Latn"),
     ("Tom is with us.", "Tom is by ons.", "afr_Latn"), ("I'll be back at 6:30.", "Palaan 6:30.", "fin_Latn")],
)  # fmt: skip
def test_names_figures_and_two_words_that_neighbours_share_are_no_copy(source: str, target: str, lang: str):
    scores = scored(target, lang=lang, source=source)
    assert scores["copy_frac"] <= (0.5 if lang.endswith("Latn") else 0.25)
    assert scores["copy_lcs"] <= 0.45


@pytest.mark.parametrize(
    "text", ["I love you.", "Are you sure?", "Good morning!", "A MAN AND HIS DOG IN A RED CAR", "Tom is mad."]
)
def test_a_text_left_as_it_is_is_a_copy_however_short_and_in_capitals_too(text: str):
    assert scored(text, source=text)["copy_frac"] == 1


@pytest.mark.parametrize("text", ["OK", "New York", "Tom Smith 42"])
def test_one_word_and_names_alone_may_stay_as_they_are(text: str):
    assert scored(text, source=text)["copy_frac"] is None


WORDS = ["a", "dog", "Dog", "Berlin", "NASA", "hund", "2", "3.5", "“Max”", "runs", "狗", "ꟷ", "x.", "A DOG RUNS"]
LINE = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LINE, LINE, st.sampled_from(["deu_Latn", "zho_Hans"])), min_size=1, max_size=6))
def test_names_are_left_out_as_if_they_were_looked_for_in_every_text(pairs: list[tuple[str, str, str]]):
    rows = [{"source": source, "target": target.replace("ꟷ", "-"), "lang": lang} for source, target, lang in pairs]
    frame = pl.DataFrame(rows)
    texts = _Texts.of(frame)
    every = _copies(frame["source"], texts)
    found = _copied(frame["source"], texts)
    for values, name in zip(every, ("copy_frac", "copy_lcs"), strict=True):
        assert np.array_equal(values, found[name], equal_nan=True), name
