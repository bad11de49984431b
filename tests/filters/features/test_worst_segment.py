"""A sentence that is wrong inside a long reply is seen, and good replies are not."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.features.lid_model import LidModel
from glotmill.filters.features.worst_segment import SEGMENT_LETTERS
from glotmill.filters.policy import make_policy
from glotmill.filters.registry import make_scorers

STACK = ["lexical", "language_id"]
POLICY = make_policy({}, STACK)
ENGLISH = [
    "In the picture a woman with a straw hat is standing behind a wooden table.",
    "She has put several baskets with apples and pears on it.",
    "Next to her a small boy is holding a yellow balloon in his hand.",
    "In the background one can see a row of old houses and a church.",
    "The sky is cloudy, and the street is still wet from the rain.",
    "The whole scene looks like a market on an autumn morning.",
]
REPLIES = {
    "deu_Latn": [
        "Auf dem Bild steht eine Frau mit einem Strohhut hinter einem Holztisch.",
        "Sie hat mehrere Körbe mit Äpfeln und Birnen darauf gestellt.",
        "Neben ihr hält ein kleiner Junge einen gelben Luftballon in der Hand.",
        "Im Hintergrund sieht man eine Reihe alter Häuser und eine Kirche.",
        "Der Himmel ist bewölkt, und die Straße ist noch nass vom Regen.",
        "Die ganze Szene sieht aus wie ein Markt an einem Herbstmorgen.",
    ],
    "fra_Latn": [
        "Sur la photo, une femme avec un chapeau de paille se tient derrière une table en bois.",
        "Elle y a posé plusieurs paniers de pommes et de poires.",
        "À côté d'elle, un petit garçon tient un ballon jaune à la main.",
        "À l'arrière-plan, on voit une rangée de vieilles maisons et une église.",
        "Le ciel est nuageux et la rue est encore mouillée par la pluie.",
        "Toute la scène ressemble à un marché par un matin d'automne.",
    ],
    "swh_Latn": [  # weak to the model
        "Katika picha mwanamke aliyevaa kofia ya majani amesimama nyuma ya meza ya mbao.",
        "Ameweka vikapu kadhaa vya matufaha na mapeasi juu yake.",
        "Karibu naye mvulana mdogo ameshika puto la njano mkononi mwake.",
        "Kwa nyuma mtu anaweza kuona safu ya nyumba za zamani na kanisa.",
        "Anga ina mawingu, na barabara bado imelowa kwa sababu ya mvua.",
        "Mandhari yote inaonekana kama soko asubuhi ya msimu wa vuli.",
    ],
    "zul_Latn": [  # the model has no label for it
        "Esithombeni owesifazane ogqoke isigqoko sotshani umi ngemuva kwetafula lokhuni.",
        "Ubeke obhasikidi abaningana abanama-apula namapheya phezu kwalo.",
        "Eceleni kwakhe umfana omncane ubambe ibhaluni eliphuzi esandleni sakhe.",
        "Ngemuva umuntu angabona umugqa wezindlu ezindala nesonto.",
        "Isibhakabhaka sinamafu, futhi umgwaqo usemanzi yimvula.",
        "Sonke isigcawu sibukeka njengemakethe ekuseni kwasekwindla.",
    ],
}  # fmt: skip
# Another way to say the fourth sentence, as an engine does that answers in English and copies nothing.
PARAPHRASE = "Behind them there stand some very old buildings, among which you will notice a chapel."


def reply(lang: str, targets: list[str], sources: list[str] = ENGLISH) -> dict[str, Any]:
    """A pair of sentences that were translated one by one."""
    return {
        "source_lang": "eng_Latn", "lang": lang, "field_type": "response",
        "source": " ".join(sources), "target": " ".join(targets),
        "segments": [{"source": s, "target": t} for s, t in zip(sources, targets, strict=True)],
    }  # fmt: skip


def scored(*pairs: dict[str, Any]) -> pl.DataFrame:
    table = pa.Table.from_pylist(list(pairs), schema=PAIR_SCHEMA)
    columns = {f"score_{s.name}_{name}": values for s in make_scorers(STACK) for name, values in s.score(table).items()}
    return pl.DataFrame(columns).with_columns(pl.Series("lang", [pair["lang"] for pair in pairs]))


def reasons(*pairs: dict[str, Any]) -> list[list[str]]:
    return POLICY.failing(scored(*pairs)).to_list()


def with_one(texts: list[str], place: int, text: str) -> list[str]:
    return [*texts[:place], text, *texts[place + 1 :]]


@pytest.mark.parametrize("lang", REPLIES)
def test_a_good_reply_fails_no_rule(lang: str):
    assert reasons(reply(lang, REPLIES[lang])) == [[]]


@pytest.mark.parametrize("lang", REPLIES)
def test_one_sentence_left_in_english_is_seen_wherever_it_stands(lang: str):
    left = [reply(lang, with_one(REPLIES[lang], n, ENGLISH[n])) for n in range(len(ENGLISH))]
    for found in reasons(*left):
        assert "lexical.segment_copy" in found
        # Where the model has no label for the language, some English sentences are too little English to be sure.
        assert "language_id.segment_english" in found or lang == "zul_Latn"


@pytest.mark.parametrize("lang", REPLIES)
def test_a_sentence_in_other_english_words_is_seen_too(lang: str):
    assert "language_id.segment_english" in reasons(reply(lang, with_one(REPLIES[lang], 3, PARAPHRASE)))[0]


def test_a_sentence_of_a_third_language_is_seen():
    mixed = with_one(REPLIES["deu_Latn"], 5, REPLIES["fra_Latn"][5])
    assert reasons(reply("deu_Latn", mixed)) == [["language_id.segment_mass"]]


def test_the_rules_on_whole_turns_do_not_see_it():
    left = reply("deu_Latn", with_one(REPLIES["deu_Latn"], 2, ENGLISH[2]))
    (found,) = reasons(left)
    assert all(".segment_" in code for code in found)


def test_the_worst_segment_counts():
    scores = scored(reply("deu_Latn", with_one(REPLIES["deu_Latn"], 2, ENGLISH[2])), reply("deu_Latn", ENGLISH))
    worst, whole = (scores.row(n, named=True) for n in (0, 1))
    assert worst["score_lexical_segment_copy"] == whole["score_lexical_segment_copy"] == 1
    assert worst["score_language_id_segment_english"] > 0.9
    assert worst["score_language_id_segment_mass"] < 0.01
    assert worst["score_language_id_mass"] > 0.5


def test_short_segments_are_not_judged():
    short = ["Sure, here you are.", "Have a nice day!", "Good morning, Mary."]
    row = scored(reply("deu_Latn", short, short)).row(0, named=True)
    assert {name: value for name, value in row.items() if "segment" in name and value is not None} == {}
    assert all(len(text) < SEGMENT_LETTERS for text in short)


def test_a_turn_of_one_segment_has_its_turns_values_and_is_identified_once(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    ranked = LidModel.ranked
    monkeypatch.setattr(LidModel, "ranked", lambda model, text: asked.append(text) or ranked(model, text))
    text = REPLIES["deu_Latn"][0]
    pair = {**reply("deu_Latn", [text], ENGLISH[:1]), "segments": None}
    row = scored(pair).row(0, named=True)
    assert asked == [text]
    assert row["score_language_id_segment_mass"] == row["score_language_id_mass"]
    lead = row["score_language_id_english"] - row["score_language_id_mass"]
    assert row["score_language_id_segment_english"] == pytest.approx(lead)
    assert row["score_lexical_segment_copy"] == row["score_lexical_copy_lcs"] == 0


def test_tok_pisin_is_english_to_the_model_and_exempt():
    assert "language_id.segment_english" not in reasons(reply("tpi_Latn", ENGLISH))[0]


def test_a_language_that_the_model_does_not_know_needs_more_english():
    rows = scored(reply("deu_Latn", REPLIES["deu_Latn"]), reply("kab_Latn", REPLIES["deu_Latn"]))
    lead = [pl.lit(value, pl.Float32).alias("score_language_id_segment_english") for value in (0.7, 0.95)]
    code = "language_id.segment_english"
    seen = [[code in found for found in POLICY.failing(rows.with_columns(value)).to_list()] for value in lead]
    assert seen == [[True, False], [True, True]]


def lines(path: Path) -> list[str]:
    return gzip.open(path, "rt", encoding="utf-8").read().splitlines()


@pytest.mark.parametrize(("short", "lang"), [("de", "deu_Latn"), ("fr", "fra_Latn"), ("cs", "ces_Latn")])
def test_long_captions_by_translators_pass(shared_data: Path, short: str, lang: str):
    folder = shared_data / "multi30k"
    sources, targets = (lines(folder / f"test_2016_flickr.{name}.gz") for name in ("en", short))
    whole = [reply(lang, [t], [s]) | {"segments": None} for s, t in zip(sources, targets, strict=True)]
    # Five captions as one reply, too: each is a segment.
    several = [reply(lang, targets[n : n + 5], sources[n : n + 5]) for n in range(0, len(targets) - 4, 5)]
    for found in reasons(*whole, *several):
        assert not [code for code in found if ".segment_" in code]
