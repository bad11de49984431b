from __future__ import annotations

import pytest

from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.placement import place
from glotmill.schemas.errors import InputError

CPU = {"int8", "int8_float32", "float32"}


@pytest.mark.parametrize(
    ("asked", "gpus", "device", "compute", "share"),
    [
        ({}, 0, "cpu", "int8_float32", 0.0),
        ({}, 8, "cuda", "float16", 1.0),
        ({"device": "cpu"}, 8, "cpu", "int8_float32", 0.0),
        ({"compute_type": "int8"}, 0, "cpu", "int8_float32", 0.0),
        ({"compute_type": "int8"}, 1, "cuda", "int8_float16", 1.0),
        ({"compute_type": "float32"}, 0, "cpu", "float32", 0.0),
        ({"compute_type": "bfloat16", "actors_per_gpu": 4}, 1, "cuda", "bfloat16", 0.25),
    ],
)
def test_device_precision_and_share_are_explicit(asked, gpus, device, compute, share):
    got = place(NllbTranslate(engine="nllb", **asked), gpus, CPU)
    assert (got.device, got.compute_type, got.gpus) == (device, compute, share)


def test_a_worker_takes_the_threads_of_the_recipe():
    assert place(NllbTranslate(engine="nllb", threads=3), 0, CPU).cpus == 3


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"device": "cuda"}, "cuda"),
        ({"compute_type": "float16"}, "float16"),
        ({"compute_type": "bfloat16"}, "bfloat16"),
    ],
)
def test_what_the_machine_cannot_do_is_an_error_and_never_a_silent_fallback(asked, word):
    with pytest.raises(InputError, match=word):
        place(NllbTranslate(engine="nllb", **asked), 0, CPU)
