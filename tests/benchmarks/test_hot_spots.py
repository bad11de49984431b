from benchmarks.hot_spots import samples, summary

STACKS = [
    "p 1;translate_unit (engine/workers/units.py:9);NllbTranslator._decode (engine/translators/nllb.py:5) 60",
    "p 1;translate_unit (engine/workers/units.py:9);NllbTranslator._decode (engine/translators/nllb.py:6) 20",
    "process 2;TranslateStage.translate (engine/translation/stage.py:3);commit (engine/memory/translations.py:4) 20",
    "process 2;import (b.py:3) 500",
]


def test_only_samples_of_the_stage_count_by_innermost_function():
    found = summary(samples(STACKS))
    assert found["samples"] == 100
    assert found["engine_share"] == 0.8
    assert found["besides"] == {"commit (engine/memory/translations.py": 0.2}
