"""What fewer output tokens give at NLLB's sizes: a script that needs numpy, ctranslate2 and this repository's files.

    python tests/gpu/output_vocabulary.py --out OUT                        # on a GPU, about six minutes
    python tests/gpu/output_vocabulary.py --out OUT --device cpu --quick   # proves that it runs, measures nothing

Nothing has to be installed beside the two packages: the cutting code is loaded from its file, and the embedded model
lends the architecture. Weights are random and every decode is forced to 14 tokens, so outputs mean nothing and speeds
do. Each figure is printed as soon as it is there; OUT/output_vocabulary.json has them all at the end. CTranslate2's
wheel looks for CUDA 12's libcublas.so.12 (docs/gpu.md).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "engine/embedded/model"
# Layers, width, feed-forward width, heads, tokens: facebook/nllb-200-*'s config.json, tokens in multiples of 16.
SHAPES = {
    "600M": (12, 1024, 4096, 16, 256_208),
    "1.3B": (24, 1024, 8192, 16, 256_208),
    "quick": (2, 256, 512, 4, 8_192),
}
FLOAT16 = 4  # CTranslate2's number of the type
LENGTH = 14
WORDS = ("<s>", "<pad>", "</s>", "<unk>", "eng_Latn", "deu_Latn")


def cutting() -> Any:
    """`glotmill.engine.translators.shared.ct2_weights`, without the package around it."""
    path = ROOT / "engine/translators/shared/ct2_weights.py"
    spec = importlib.util.spec_from_file_location("ct2_weights", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def random_model(cut: Any, shape: tuple[int, int, int, int, int]) -> Any:
    """A model of a shape with random float16 weights."""
    layers, width, ffn, heads, tokens = shape
    small = cut.Ct2Weights.read((TEMPLATE / "model.bin").read_bytes())
    old_width, old_ffn = small.variables["encoder/layer_0/ffn/linear_1/weight"].shape
    sizes = {old_width: width, 2 * old_width: 2 * width, 3 * old_width: 3 * width, old_ffn: ffn,
             small.variables["decoder/embeddings/weight"].shape[0]: tokens}  # fmt: skip
    noise = (np.random.default_rng(0).standard_normal(1 << 22) * 0.02).astype(np.float16)
    found = {}
    for name, one in small.variables.items():
        match = re.match(r"(encoder|decoder)/layer_(\d+)/(.*)", name)
        if name.endswith("_scale") or (match and match[2] != "0"):
            continue
        if not one.shape:
            data: bytes = bytes(one.data)
            if name.endswith("num_heads"):
                data = np.array(heads, np.int16).tobytes()
            elif name.endswith("scale_embeddings") and len(data) == 4:
                data = np.array(math.sqrt(width), np.float32).tobytes()
            grown = replace(one, data=data)
        else:
            dims = tuple(1024 if "position" in name and not n else sizes.get(d, d) for n, d in enumerate(one.shape))
            filled = np.ones if name.endswith("gamma") else lambda size, dtype: np.resize(noise, size)
            grown = cut.Variable(dims, FLOAT16, filled(math.prod(dims), np.float16).tobytes())
        for layer in range(layers) if match else (0,):
            found[f"{match[1]}/layer_{layer}/{match[3]}" if match else name] = grown
    return replace(small, variables=found)


def files_of(cut: Any, model: Any, words: list[str], size: int) -> dict[str, bytes]:
    """The files of the model with its first output tokens."""
    ids = np.arange(size, dtype=np.uint32)
    return {
        "model.bin": model.with_output(ids).to_bytes(),
        "config.json": (TEMPLATE / "config.json").read_bytes(),
        "source_vocabulary.json": json.dumps(words).encode(),
        "target_vocabulary.json": json.dumps(words[:size]).encode(),
    }


def timed(rows: int, do: Any) -> dict[str, Any]:
    """Seconds and rate of something done once."""
    began = time.perf_counter()
    do()
    seconds = time.perf_counter() - began
    return {"rows": rows, "seconds": round(seconds, 3), "rows_per_second": round(rows / seconds, 1)}


def measured(model: Any, quick: bool) -> Iterator[dict[str, Any]]:
    """The figures of one loaded model."""
    rng = np.random.default_rng(1)
    count = 64 if quick else 8_192
    lengths = sorted(rng.integers(8, 22, count), reverse=True)  # pieces of a caption
    pick = [[f"t{number}" for number in rng.integers(0, 2_000, length)] for length in lengths]
    sources = [["eng_Latn", *pieces, "</s>"] for pieces in pick]
    targets = [["deu_Latn", *pieces] for pieces in pick]
    for beam in (1, 4):
        some = sources[: count if beam == 1 else count // 4]
        options = {
            "beam_size": beam, "max_batch_size": 16_384, "batch_type": "tokens", "min_decoding_length": LENGTH,
            "max_decoding_length": LENGTH, "return_scores": True,
        }  # fmt: skip
        model.translate_batch(some[:32], target_prefix=[["deu_Latn"]] * 32, **options)

        def translate(some: list[list[str]] = some, options: dict[str, Any] = options) -> None:
            model.translate_batch(some, target_prefix=[["deu_Latn"]] * len(some), **options)

        yield {"what": "translate", "beam": beam, **timed(len(some), translate)}
    some = slice(0, count // 4)
    model.score_batch(sources[:32], targets[:32])
    score = {"max_batch_size": 4_096, "batch_type": "tokens"}
    yield {"what": "score", **timed(count // 4, lambda: model.score_batch(sources[some], targets[some], **score))}


def card(device: str) -> str:
    """The GPU's name, driver and memory."""
    if device == "cpu":
        return "cpu"
    asked = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def main() -> None:
    """Measure all sizes and precisions, until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--shape", default="600M", choices=("600M", "1.3B"))
    parser.add_argument("--minutes", type=float, default=8, help="begin nothing new after so long")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    began, cut, rows = time.perf_counter(), cutting(), []
    shape = SHAPES["quick" if options.quick else options.shape]
    words = [*WORDS, *(f"t{number}" for number in range(shape[-1] - len(WORDS)))]
    model = random_model(cut, shape)
    kinds = ("float32",) if options.device == "cpu" else ("float16", "bfloat16", "int8_float16")
    for kind in kinds:
        for size in (shape[-1], shape[-1] // 2, shape[-1] // 4, shape[-1] // 8):
            if time.perf_counter() - began > 60 * options.minutes:
                continue
            files, loading = files_of(cut, model, words, size // 16 * 16), time.perf_counter()
            loaded = ctranslate2.Translator("model", device=options.device, compute_type=kind, files=files)
            load = round(time.perf_counter() - loading, 2)
            for figure in measured(loaded, options.quick):
                rows.append({"compute_type": kind, "output_tokens": size // 16 * 16, "load_seconds": load, **figure})
                print(rows[-1], flush=True)
            del loaded
    found = {"card": card(options.device), "shape": "quick" if options.quick else options.shape,
             "ctranslate2": ctranslate2.__version__, "rows": rows}  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "output_vocabulary.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{found['card']}: {len(rows)} figures in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
