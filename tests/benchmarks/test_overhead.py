from __future__ import annotations

import json
from pathlib import Path

from benchmarks.overhead import PHASES, segments_of_captions, staged
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.fake import FakeTranslate

CAPTIONS = ["A dog runs on the grass.", "Two men play football. A child looks on.", "A red car."]


def test_each_phase_does_its_batches_and_gives_its_outputs(tmp_path: Path):
    path = tmp_path / "captions.json"
    path.write_text(json.dumps({"annotations": [{"caption": text} for text in CAPTIONS]}))
    spec = resolve_translator(FakeTranslate(engine="fake"))
    side, batches, _ = staged(spec, segments_of_captions(path, len(CAPTIONS)), tmp_path / "run", workers=0)
    assert side.outputs["forward"]["A red car."] == "A redˈdeu carˈdeu."
    assert side.outputs["back"]["A redˈdeu carˈdeu."] == "A red car."
    # Four sentences; forced: each given its translation, and each given nothing.
    assert [sum(map(len, batches[phase])) for phase in PHASES] == [4, 8, 4]
    assert len(side.outputs["forced"]) == 4
    assert side.seconds.keys() == side.cpu.keys() == set(PHASES)
