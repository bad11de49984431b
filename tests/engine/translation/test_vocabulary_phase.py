"""`vocabulary: auto` keeps a list only where a check on samples shows that next to nothing changes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from glotmill.engine.memory.entries import Direction
from glotmill.engine.translation import vocabulary_phase
from glotmill.engine.translation.vocabulary_phase import TRIES, AutoVocabulary, upper_bound
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.token_use import TokenUse
from glotmill.engine.translators.shared.vocabulary_lists import model_tokens, read_decided
from glotmill.schemas.errors import InputError

GERMAN = Direction("eng_Latn", "deu_Latn")
MOST = 0.06  # as a bound: none of 100 may change, and a few of 200
TEXTS = [(GERMAN, f"text {number}") for number in range(600)]


@pytest.fixture(autouse=True)
def small_samples(monkeypatch):
    for name, value in (("SAMPLE", 100), ("LOOKS", (40, 100, 200)), ("TEXTS_THAT_PAY", 500)):
        monkeypatch.setattr(vocabulary_phase, name, value)


@pytest.fixture(scope="module")
def spec():
    return resolve_translator(NllbTranslate(engine="nllb", device="cpu", vocabulary="auto"))


class Engines:
    """Translates texts as lines of tokens in turn; with a list that lacks a line's token, otherwise."""

    def __init__(self, spec, lines, likely=()):
        numbers = model_tokens(spec.folder).numbers
        self.lines = [[numbers[token] for token in line.split()] for line in lines]
        self.likely = np.array([numbers[token] for token in likely], np.int32)
        self.done = []

    def line(self, text):
        return self.lines[int(text.split()[1]) % len(self.lines)]

    def translated(self, spec, name, requested):
        kept = spec.vocabularies.get("deu_Latn")
        ids = set(kept.ids.tolist()) if kept else None

        def read(direction):
            texts = requested.table(direction)["text"].to_list()
            self.done.append((name.removeprefix("vocabulary.deu_Latn."), texts))
            lines = [self.line(text) for text in texts]
            made = [str(line) if ids is None or ids.issuperset(line) else "." for line in lines]
            return pl.DataFrame({"text": texts, "translation": made})

        return read

    def used(self, spec, name, texts):
        self.done.append((name.removeprefix("vocabulary.deu_Latn."), [text for _, text in texts]))
        none, expected = np.array([], np.int32), np.full(len(self.likely), 0.1, np.float32)
        return [TokenUse(np.array(self.line(text), np.int32), none, self.likely, expected) for _, text in texts]


def test_a_list_that_changes_nothing_is_kept_with_its_figures(spec):
    engines = Engines(spec, ["▁Ein ▁Hund", "▁Ein ▁Mann"])
    made = AutoVocabulary(spec, "deu_Latn", TEXTS, MOST, engines).decide()
    assert (made.why, made.figures["changed"], made.figures["checked"]) == (None, 0.0, 100.0)
    assert made.figures["changed_at_most"] == pytest.approx(1 - (0.05 / 6) ** (1 / 100))
    assert made.figures["unseen_mass"] == 0.0
    kept = read_decided(made, made.size)
    with pytest.raises(InputError, match="not one of 10,000 tokens; delete it"):
        read_decided(made, 10_000)
    assert {token for line in engines.lines for token in line} <= set(kept.ids.tolist())
    assert made.tokens == kept.tokens < made.size == len(model_tokens(spec.folder).tokens)
    assert [name for name, _ in engines.done] == [
        "sample", "check0.40", "check0.40.cut", "check0.100", "check0.100.cut",
    ]  # fmt: skip


def test_a_list_has_the_tokens_that_were_decoded_not_those_that_their_text_is_cut_into(spec):
    tokens = model_tokens(spec.folder)
    pair = next(
        (one, other)
        for one in tokens.tokens[3000:]
        for other in tokens.tokens[3000:]
        if one.startswith("▁") and other.isalpha() and len(one) > 3 and len(other) > 2
        and tokens.encoder()([one[1:] + other])[0] != [tokens.numbers[one], tokens.numbers[other]]
    )  # fmt: skip
    made = AutoVocabulary(spec, "deu_Latn", TEXTS, MOST, Engines(spec, [" ".join(pair)])).decide()
    assert made.why is None
    assert {tokens.numbers[token] for token in pair} <= set(read_decided(made, made.size).ids.tolist())


def test_a_list_is_filled_up_with_what_the_model_expected_most(spec):
    tokens = model_tokens(spec.folder)
    likely = [token for token in tokens.tokens if len(token) > 4 and token[1:].isalpha()][-3:]
    made = AutoVocabulary(spec, "deu_Latn", TEXTS, MOST, Engines(spec, ["▁Ein"], likely)).decide()
    kept = read_decided(made, made.size)
    assert all(kept.has(tokens.numbers[token]) for token in likely)
    other = AutoVocabulary(spec, "deu_Latn", TEXTS, MOST, Engines(spec, ["▁Ein"])).decide()
    assert not any(read_decided(other, other.size).has(tokens.numbers[token]) for token in likely)


def test_a_language_stays_full_where_every_list_changes_too_much_and_a_check_ends_when_that_is_certain(spec):
    class Worse(Engines):
        def translated(self, spec, name, requested):
            read = super().translated(spec, name, requested)
            return lambda direction: read(direction).with_columns(translation=pl.lit(name))

    engines = Worse(spec, ["▁Ein"])
    made = AutoVocabulary(spec, "deu_Latn", TEXTS, MOST, engines).decide()
    assert made.members is None
    assert made.tokens == made.size
    assert made.why == "translations changed with every list that was tried"
    assert (made.figures["changed"], made.figures["checked"]) == (1.0, 40.0)
    assert not [name for name, _ in engines.done if ".100" in name]


def test_a_list_that_nearly_passes_is_looked_at_once_more(spec):
    tokens = model_tokens(spec.folder)
    rare = [token for token in tokens.tokens if len(token) > 4 and token[1:].isalpha()][-1]

    class Seldom(Engines):
        def line(self, text):
            return [tokens.numbers[rare]] if text in ("text 110", "text 150") else super().line(text)

    made = AutoVocabulary(spec, "deu_Latn", TEXTS, MOST, Seldom(spec, ["▁Ein"])).decide()
    assert (made.why, made.figures["changed"], made.figures["checked"]) == (None, 0.01, 200.0)
    assert not read_decided(made, made.size).has(tokens.numbers[rare])


def test_no_more_lists_come_near_than_the_bound_allows_for(spec):
    class SomeWorse(Engines):
        def translated(self, spec, name, requested):
            read = super().translated(spec, name, requested)
            worse = pl.when(pl.col("text").str.ends_with("7")).then(pl.lit(name)).otherwise("translation")
            return lambda direction: read(direction).with_columns(translation=worse)

    engines, many = SomeWorse(spec, ["▁Ein"]), [(GERMAN, f"text {number}") for number in range(2_000)]
    made = AutoVocabulary(spec, "deu_Latn", many, 0.12, engines).decide()
    assert (made.members, made.figures["changed"], made.figures["checked"]) == (None, 0.1, 200.0)
    near = {name.partition(".")[0] for name, _ in engines.done if ".100" in name}
    assert len(near) == TRIES


def test_few_texts_are_translated_with_all_tokens_and_no_sample(spec):
    engines = Engines(spec, ["▁Ein"])
    made = AutoVocabulary(spec, "deu_Latn", TEXTS[:499], MOST, engines).decide()
    assert (made.members, engines.done) == (None, [])
    assert "499 different texts" in made.why


def test_each_list_is_checked_on_new_texts_and_takes_what_changed_translations_used(spec):
    tokens = model_tokens(spec.folder)
    rare = [token for token in tokens.tokens if len(token) > 4 and token[1:].isalpha()][-1]

    class Later(Engines):
        def line(self, text):
            return [tokens.numbers[rare]] if int(text.split()[1]) in range(100, 600, 2) else super().line(text)

    engines = Later(spec, ["▁Ein ▁Hund"])
    made = AutoVocabulary(spec, "deu_Latn", TEXTS, MOST, engines).decide()
    assert made.why is None
    assert read_decided(made, made.size).has(tokens.numbers[rare])
    names = [name for name, _ in engines.done]
    assert names[:4] == ["sample", "check0.40", "check0.40.cut", "changed0"]
    seen = [set(texts) for name, texts in engines.done if not name.endswith("cut") and not name.startswith("changed")]
    assert sum(map(len, seen)) == len(set().union(*seen))


def test_a_list_is_not_tried_where_half_of_the_sample_says_that_it_is_too_short(spec):
    tokens = model_tokens(spec.folder).tokens
    engines = Engines(spec, tokens[3000:3100])  # each text has a token of its own
    AutoVocabulary(spec, "deu_Latn", TEXTS, MOST, engines).decide()
    tried = [name for name, _ in engines.done if name.startswith("check")]
    assert not [name for name in tried if name.startswith(("check0", "check1", "check2"))]


@pytest.mark.parametrize(
    ("changed", "checked", "bound"),
    [(0, 600, 1 - 0.05 ** (1 / 600)), (5, 1000, 0.010484), (300, 2000, 0.163763), (10, 10, 1.0)],
)
def test_the_bound_is_clopper_and_pearsons(changed, checked, bound):
    assert upper_bound(changed, checked, 0.95) == pytest.approx(bound, abs=2e-5)
