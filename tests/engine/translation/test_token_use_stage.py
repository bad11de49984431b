"""Which tokens an engine uses is found once for a text and kept with the scores."""

from __future__ import annotations

import pytest

from glotmill.engine.memory.entries import Direction
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.runs.run import Run
from glotmill.engine.storage.folder import Folder
from glotmill.engine.translation.token_use_stage import TokenUseStage
from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.fake import FakeTranslate
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.workers.inline_pool import InlinePool
from glotmill.engine.workers.stopping import StopSwitch
from glotmill.engine.workers.units import no_note
from glotmill.schemas.errors import WorkerError

TEXTS = ["A dog runs.", "x" * 10_000, "Two men sit at a table.", "A red bus."]
DRAWN = [(Direction("eng_Latn", lang), text) for lang in ("deu_Latn", "fra_Latn") for text in TEXTS]


@pytest.fixture
def stage(tmp_path):
    def make(section):
        spec = resolve_translator(section)
        pool = InlinePool(spec, StopSwitch(), no_note)
        return TokenUseStage(spec, ScoreStore(Folder(tmp_path / "memory")), Run.open(tmp_path, {}, "a"), pool)

    return make


def test_each_text_is_searched_once_and_read_back_in_order(stage):
    section, sent = NllbTranslate(engine="nllb", device="cpu", beam_size=2), []
    found = stage(section).used("sample", DRAWN, lambda done, total: sent.append((done, total)))
    assert sum(done for done, _ in sent) == len(DRAWN)
    engine = load_translator(resolve_translator(section))
    alone = [engine.used([Request(where.source_lang, where.target_lang, text)])[0] for where, text in DRAWN]
    assert [use.best.tolist() for use in found] == [use.best.tolist() for use in alone if use is not None]
    assert len(found) == len(DRAWN) - 2  # two are too long
    again = stage(section).used("other", DRAWN[::-1], lambda *_: pytest.fail("searched again"))
    assert [use.as_numbers().tolist() for use in again] == [use.as_numbers().tolist() for use in found[::-1]]


def test_an_engine_that_does_not_say_which_tokens_it_uses_is_a_named_error(stage):
    with pytest.raises(WorkerError, match="does not say which tokens it uses"):
        stage(FakeTranslate(engine="fake")).used("sample", DRAWN[:1], lambda *_: None)
