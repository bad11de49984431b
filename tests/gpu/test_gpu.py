"""What only a GPU can show: `docs/gpu.md` has the one command, which prints tokens/s.

GLOTMILL_GPU_MODEL names an instruction model for vLLM (a folder or a Hub id); NLLB's part runs with the embedded model.
"""

from __future__ import annotations

import os
import time

import ctranslate2
import pytest

from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.retry import translate_with_retry
from glotmill.engine.translators.vllm import VllmTranslate

pytestmark = pytest.mark.gpu

MODEL = os.environ.get("GLOTMILL_GPU_MODEL", "Qwen/Qwen3-4B-Instruct-2507")
TEXTS = [f"A brown dog number {n} runs on the wet grass beside {n + 2} children." for n in range(512)]


def test_there_is_a_gpu():
    assert ctranslate2.get_cuda_device_count() > 0, "these tests need a GPU"


def measured(spec, lang: str) -> list:
    translator = load_translator(spec)
    translate_with_retry(translator, [Request("eng_Latn", lang, text) for text in TEXTS[:8]])
    began = time.perf_counter()
    outcomes = translate_with_retry(translator, [Request("eng_Latn", lang, text) for text in TEXTS])
    seconds = time.perf_counter() - began
    made = [outcome.translation for outcome in outcomes]
    wrote = sum(one.target_tokens or 0 for one in made)
    failed = sum(one.failure is not None for one in made)
    place = spec.placement
    print(f"\n{spec.engine} {spec.model.partition('@')[0]} {place.device} {place.compute_type}: "
          f"{wrote / seconds:,.0f} target tokens/s, {len(made) / seconds:,.1f} texts/s, {failed} failed")  # fmt: skip
    return made


def test_nllb_runs_on_the_gpu_and_says_what_it_says_on_the_cpu():
    on_gpu = resolve_translator(NllbTranslate(engine="nllb", device="cuda", compute_type="float32"))
    on_cpu = resolve_translator(NllbTranslate(engine="nllb", device="cpu", compute_type="float32"))
    assert on_gpu.placement.device == "cuda"
    made, expected = measured(on_gpu, "deu_Latn"), measured(on_cpu, "deu_Latn")
    same = sum(a.text == b.text for a, b in zip(made, expected, strict=True))
    assert same >= 0.98 * len(made)


def test_vllm_translates_on_the_gpu_and_fails_hardly_anywhere():
    spec = resolve_translator(VllmTranslate(engine="vllm", model=MODEL, device="cuda", max_model_len=2048))
    assert spec.placement.gpus == 1
    made = measured(spec, "deu_Latn")
    assert sum(one.failure is not None for one in made) <= 0.02 * len(made)
