"""What language identification costs: texts per CPU second, and memory of the models, in a process of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from benchmarks.watched import pss_mib
from glotmill.filters.features.lid_model import LidModel, load_lid
from glotmill.filters.features.second_identifier import SecondIdentifier, load_second


def cost(texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """Seconds to load, MiB and texts per CPU second of each identifier.

    Args:
        texts: Normalised texts.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_cost, list(texts)).result()


def _cost(texts: list[str]) -> dict[str, dict[str, float]]:
    return {"first": _of(load_lid, texts), "second": _of(load_second, texts)}


def _of(load: Callable[[], LidModel | SecondIdentifier], texts: list[str]) -> dict[str, float]:
    memory, began = pss_mib(os.getpid()), time.process_time()
    model: Any = load()
    model.ranked(texts[0])
    loaded = time.process_time()
    more = pss_mib(os.getpid()) - memory
    started = time.process_time()
    for text in texts:
        model.ranked(text)
    spent = time.process_time() - started
    return {
        "load_cpu_seconds": round(loaded - began, 2),
        "memory_mib": round(more, 1),
        "texts_per_cpu_second": round(len(texts) / spent),
    }
