"""`vocabulary: auto` keeps a list only where a check on samples shows that next to nothing changes."""

from __future__ import annotations

import polars as pl
import pytest

from glotmill.engine.memory.translations import Direction
from glotmill.engine.translation import vocabulary_phase
from glotmill.engine.translation.requests import Segments
from glotmill.engine.translation.vocabulary_phase import AutoVocabulary, drawn, upper_bound
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.vocabulary_lists import model_tokens, read_decided
from glotmill.schemas.errors import InputError

GERMAN = Direction("eng_Latn", "deu_Latn")
TEXTS = [(GERMAN, f"text {number}") for number in range(600)]


@pytest.fixture(autouse=True)
def small_samples(monkeypatch):
    for name, value in (("SAMPLE", 100), ("CHECK", 100), ("TEXTS_THAT_PAY", 500)):
        monkeypatch.setattr(vocabulary_phase, name, value)


@pytest.fixture(scope="module")
def spec():
    return resolve_translator(NllbTranslate(engine="nllb", device="cpu", vocabulary="auto"))


class Engine:
    """Translates every text alike; with a list that lacks a word's token, otherwise."""

    def __init__(self, spec, translations):
        self.tokens = model_tokens(spec.folder)
        self.translations = translations  # by phase name, the last one for all others
        self.asked = []

    def __call__(self, spec, name, asked):
        self.asked.append((name, spec.vocabularies))
        kept = spec.vocabularies.get("deu_Latn")

        def read(direction):
            texts = asked.table(direction)["text"].to_list()
            lines = [self.translations[number % len(self.translations)] for number in range(len(texts))]
            if kept:
                ids = set(kept.ids.tolist())
                encoded = self.tokens.encoder()(lines)
                lines = [line if ids.issuperset(own) else "." for line, own in zip(lines, encoded, strict=True)]
            return pl.DataFrame({"text": texts, "translation": lines})

        return read


def test_a_list_that_changes_nothing_is_kept_with_its_figures(spec):
    engine = Engine(spec, ["Ein Hund rennt.", "Ein Mann schläft."])
    made = AutoVocabulary(spec, "deu_Latn", TEXTS, 0.05, engine).decide()
    assert (made.why, made.figures["changed"], made.figures["checked"]) == (None, 0.0, 100.0)
    assert made.figures["changed_at_most"] == pytest.approx(1 - 0.0125 ** (1 / 100))
    assert made.figures["unseen_mass"] == 0.0
    kept = read_decided(made, made.size)
    with pytest.raises(InputError, match="not one of 10,000 tokens; delete it"):
        read_decided(made, 10_000)
    tokens = model_tokens(spec.folder)
    assert {token for line in tokens.encoder()(engine.translations) for token in line} <= set(kept.ids.tolist())
    assert made.tokens == kept.tokens < made.size == len(tokens.tokens)
    assert [name for name, _ in engine.asked] == [
        "vocabulary.deu_Latn.sample", "vocabulary.deu_Latn.check0", "vocabulary.deu_Latn.check0.cut",
    ]  # fmt: skip


def test_a_language_stays_full_where_every_list_changes_too_much(spec):
    class Worse(Engine):
        def __call__(self, spec, name, asked):
            read = super().__call__(spec, name, asked)
            return lambda direction: read(direction).with_columns(translation=pl.lit(name))

    made = AutoVocabulary(spec, "deu_Latn", TEXTS, 0.05, Worse(spec, ["x"])).decide()
    assert made.members is None
    assert made.tokens == made.size
    assert made.why == "translations changed with every list that was tried"
    assert made.figures["changed"] == 1.0


def test_few_texts_are_translated_with_all_tokens_and_no_sample(spec):
    engine = Engine(spec, ["x"])
    made = AutoVocabulary(spec, "deu_Latn", TEXTS[:499], 0.05, engine).decide()
    assert (made.members, engine.asked) == (None, [])
    assert "499 different texts" in made.why


def test_each_list_is_checked_on_new_texts_and_takes_what_the_last_check_used(spec):
    engine = Engine(spec, ["Ein Hund rennt."])
    seen = []

    def ask(spec, name, asked):
        seen.append((name, set(asked.table(GERMAN)["text"])))
        engine.translations = (
            ["Quallen überqueren Zebrastreifen."] if name.endswith(("check0", "check0.cut")) else ["Ein Hund."]
        )
        return engine(spec, name, asked)

    made = AutoVocabulary(spec, "deu_Latn", TEXTS, 0.05, ask).decide()
    assert made.why is None
    texts = [chosen for name, chosen in seen if not name.endswith(".cut")]
    assert len(texts) == 3
    assert not texts[0] & texts[1] | texts[0] & texts[2] | texts[1] & texts[2]


def test_texts_are_drawn_by_a_seed_whatever_their_order_and_without_carriers():
    def asked(texts):
        made = Segments()
        made.add("eng_Latn", ("deu_Latn", "fra_Latn"), texts)
        made.add("eng_Latn", ("deu_Latn",), ["carrier"], carrier=True)
        return drawn(made, "deu_Latn")

    one = asked(["a", "b", "c", "d"])
    assert one == asked(["d", "c", "b", "a"])
    assert sorted(text for _, text in one) == ["a", "b", "c", "d"]
    assert {direction for direction, _ in one} == {GERMAN}


@pytest.mark.parametrize(
    ("changed", "checked", "bound"),
    [(0, 600, 1 - 0.05 ** (1 / 600)), (5, 1000, 0.010484), (300, 2000, 0.163763), (10, 10, 1.0)],
)
def test_the_bound_is_clopper_and_pearsons(changed, checked, bound):
    assert upper_bound(changed, checked, 0.95) == pytest.approx(bound, abs=2e-5)
