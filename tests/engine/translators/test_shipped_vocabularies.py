"""Lists that ship with the embedded model: for it alone, and as far as they were checked."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.fit_vocabularies import figures
from glotmill.engine.embedded import VOCABULARIES
from glotmill.engine.memory.vocabularies import Vocabularies
from glotmill.engine.storage.folder import Folder
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared import shipped_vocabularies
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary, needed
from glotmill.engine.translators.shared.shipped_vocabularies import shipped_path
from glotmill.engine.translators.shared.vocabulary_lists import (
    list_lines,
    model_digest,
    model_tokens,
    read_list,
    with_lists,
)

LANG, ROWS = "deu_Latn", {"deu_Latn": 2_000}
CHECKED = {"changed": 0.001, "changed_at_most": 0.004, "checked": 3000}


def spec(beam_size=1, vocabulary="auto", **settings):
    section = NllbTranslate(engine="nllb", beam_size=beam_size, vocabulary=vocabulary, device="cpu", **settings)
    return resolve_translator(section)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A list that ships: the tokens without which not everything can be spelled, checked greedily."""
    tokens = model_tokens(spec().folder)
    ids = np.array([tokens.numbers[token] for token in needed(tokens.tokens, LANG)], np.uint32)
    made = OutputVocabulary.of(np.sort(ids), len(tokens.tokens))
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / f"{LANG}.tokens").write_text("\n".join(list_lines(tokens, LANG, made)))
    found = {"model": model_digest(spec()), "compute_type": spec().placement.compute_type,
             "by_language_and_beams": {LANG: {"1": CHECKED}}}  # fmt: skip
    (folder / "checked.json").write_text(json.dumps(found))
    monkeypatch.setattr(shipped_vocabularies, "VOCABULARIES", folder)
    shipped_vocabularies._checked.cache_clear()
    yield made
    shipped_vocabularies._checked.cache_clear()


@pytest.fixture
def kept(tmp_path):
    return Vocabularies(Folder(tmp_path / "memory"))


def test_auto_takes_the_list_that_ships_and_keeps_it_for_later_builds(shipped, kept):
    assert with_lists(spec(), ROWS, kept, decide=False).vocabularies == {LANG: shipped}
    assert kept.find(model_digest(spec()), LANG, "auto") is None
    assert with_lists(spec(), ROWS, kept, decide=True).vocabularies == {LANG: shipped}
    held = kept.find(model_digest(spec()), LANG, "auto")
    assert held is not None
    assert (held.tokens, held.figures) == (shipped.tokens, CHECKED)


def test_what_a_memory_has_decided_stays_whatever_ships(shipped, kept):
    with_lists(spec(), ROWS, kept, decide=True)
    own = kept.find(model_digest(spec()), LANG, "auto")
    assert own is not None
    kept.renew(own.model_copy(update={"members": None, "tokens": own.size, "why": "its samples said so"}))
    assert with_lists(spec(), ROWS, kept, decide=True).vocabularies == {LANG: None}


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        ({"beam_size": 4}, 2_000),  # it was not checked with four beams
        ({"compute_type": "float32"}, 2_000),  # nor in another precision
        ({"max_changed": 0.003}, 2_000),  # the check allows less than this
        ({"vocabulary": {"auto": {"renew": True}}}, 2_000),  # the recipe has it decided again
    ],
)
def test_where_the_check_says_nothing_the_language_is_decided_by_samples(shipped, kept, settings, rows):
    assert LANG not in with_lists(spec(**settings), {LANG: rows}, kept, decide=True).vocabularies


def test_a_trial_of_few_rows_has_all_tokens(shipped, kept):
    assert with_lists(spec(), {LANG: 100}, kept, decide=True).vocabularies == {LANG: None}
    assert kept.find(model_digest(spec()), LANG, "auto") is None


def test_another_model_s_bytes_have_no_list(shipped, kept):
    other = spec()
    other = replace(other, identity={**other.identity, "checksums": {"model.bin": "another"}})
    assert LANG not in with_lists(other, ROWS, kept, decide=True).vocabularies


def test_a_check_counts_what_differs_and_bounds_it():
    found = figures(["a"] * 999 + ["b"], ["a"] * 1000)
    assert found["changed"] == 0.001
    assert 0.001 < found["changed_at_most"] < 0.006
    assert found["checked"] == 1000


def test_the_lists_that_ship_are_of_the_shipped_model_and_can_spell_everything():
    found = json.loads((VOCABULARIES / "checked.json").read_text(encoding="utf-8"))
    assert found["model"] == model_digest(spec())
    assert set(found["by_language_and_beams"]) == {path.stem for path in VOCABULARIES.glob("*.tokens")}
    assert {"deu_Latn", "fra_Latn", "ces_Latn"} <= found["by_language_and_beams"].keys()
    for lang, by_beams in found["by_language_and_beams"].items():
        made = read_list(model_tokens(spec().folder), lang, shipped_path(lang))
        assert made.tokens < made.size
        assert set(by_beams) == {"1"}
