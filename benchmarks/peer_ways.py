"""Ways to translate with transformers, run in the peers' environment: one way a process, from a job to an out file.

    PEERS/bin/python -m benchmarks.peer_ways WAY JOB OUT

``mblip`` is mBLIP's translate_train.py: `generate` as the checkpoint sets it, batches of 256 in arrival order, padded
to the longest. ``sorted_256`` and ``sorted_32`` are the same with texts sorted by length. ``easynmt`` is EasyNMT's own
`translate` with its AutoModel and its batches of 16, given the target language's token, as its code for it asks for a
table of language codes that transformers 5 no longer has. The job file is `benchmarks.ways`' own.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, M2M100ForConditionalGeneration

from benchmarks.watched import cpu_seconds

Translate = Callable[[list[str], str], list[str]]
BATCHES = {"mblip": 256, "sorted_256": 256, "sorted_32": 32}
WAYS = (*BATCHES, "easynmt")


def transformers_way(job: dict[str, Any], way: str) -> Translate:
    """`generate` in batches, in arrival order or sorted by length."""
    model = M2M100ForConditionalGeneration.from_pretrained(job["checkpoint"], dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(job["checkpoint"], src_lang=job["source_lang"])
    size = BATCHES[way]

    def translate(texts: list[str], target: str) -> list[str]:
        order = list(range(len(texts)))
        if way != "mblip":
            order.sort(key=lambda row: len(texts[row]), reverse=True)
        made = [""] * len(texts)
        with torch.inference_mode():
            for start in range(0, len(order), size):
                rows = order[start : start + size]
                batch = tokenizer([texts[row] for row in rows], return_tensors="pt", padding="longest")
                tokens = model.generate(**batch, **_options(job, tokenizer, target))
                for row, text in zip(rows, tokenizer.batch_decode(tokens, skip_special_tokens=True), strict=True):
                    made[row] = text
        return made

    return translate


def _options(job: dict[str, Any], tokenizer: Any, target: str) -> dict[str, Any]:
    decoding = job["decoding"]
    options = {
        "forced_bos_token_id": tokenizer.convert_tokens_to_ids(target),
        "num_beams": decoding["beam_size"],
        "max_length": decoding["max_tokens"] + 2,  # with the decoder's start and the language
    }
    if decoding["min_tokens"]:
        options["min_length"] = decoding["min_tokens"] + 2
    return options


def easynmt_way(job: dict[str, Any]) -> Translate:
    """EasyNMT with any transformers model."""
    from easynmt import EasyNMT, models

    engine = EasyNMT(translator=models.AutoModel(job["checkpoint"]), device="cpu")
    tokenizer = AutoTokenizer.from_pretrained(job["checkpoint"])

    def translate(texts: list[str], target: str) -> list[str]:
        options = _options(job, tokenizer, target)
        beams = options.pop("num_beams")
        found: list[str] = engine.translate(
            texts, target, source_lang=job["source_lang"], perform_sentence_splitting=False, beam_size=beams, **options
        )
        return found

    return translate


def main() -> None:
    """Do the sets of a job and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("job", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    job = json.loads(arguments.job.read_text(encoding="utf-8"))
    torch.set_num_threads(job["cores"])
    began = time.perf_counter()
    translate = easynmt_way(job) if arguments.way == "easynmt" else transformers_way(job, arguments.way)
    loaded = time.perf_counter() - began
    translate(job["warm"], "deu_Latn")
    sets: dict[str, Any] = {}
    for name, wanted in job["sets"].items():
        seconds, cpu = [], []
        rounds = wanted["rounds"].get(arguments.way, 1)
        if not rounds:
            continue
        for _ in range(rounds):
            began, before = time.perf_counter(), cpu_seconds()
            outputs = {target: translate(wanted["texts"], target) for target in wanted["targets"]}
            seconds.append(time.perf_counter() - began)
            cpu.append(cpu_seconds() - before)
        sent = len(wanted["texts"]) * len(wanted["targets"])
        sets[name] = {"seconds": seconds, "cpu_seconds": cpu, "outputs": outputs, "sent": sent}
    found = {"load_seconds": loaded, "sets": sets}
    arguments.out.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
