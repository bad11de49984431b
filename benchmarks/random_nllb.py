"""A converted model of NLLB-600M's shape with random int8 weights, made with numpy alone.

Its vocabulary begins with the embedded model's tokens, so that real text can be given to it, and is filled up with
tokens of random letters. Nothing is said of quality. What Glotmill refuses is neither scored nor translated back, so
translations are made to be whole: the last normalisation of the decoder turns the signs of half of what it gives (else
each token would be the one that is most like the last one, itself: a loop), what the decoder reads of the source counts
for more than in a trained model (else all texts would have one translation), and at `LENGTH` the position leads to the
end token.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path

import numpy as np

from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators.shared.ct2_weights import DECODER, ENCODER, PROJECTION, Ct2Weights, Variable

FLOAT32, INT8 = 0, 1
LENGTH = 13  # tokens of every translation, the end included
LAST_NORM, POSITIONS = "decoder/layer_norm/gamma", "decoder/position_encodings/encodings"
PLACE = 1.0  # deviation of what a position adds to a token
READ = 9_000.0  # makes what all layers read of a source count about as much as a position, whatever the shape
END_COUNTS = 1000.0  # what the position of the end gives for it, in usual weights
LARGEST = 0.06  # absolute value of a weight, three deviations of the usual 0.02
SEED = 7


@dataclass(frozen=True, slots=True)
class Shape:
    """Of an encoder and decoder.

    Attributes:
        layers: Of each.
        width: Of the model.
        ffn: Width of the feed-forward layers.
        heads: Of attention.
        tokens: Of the vocabulary.
    """

    layers: int
    width: int
    ffn: int
    heads: int
    tokens: int


NLLB600 = Shape(12, 1024, 4096, 16, 256_208)  # facebook/nllb-200-distilled-600M's config.json, rows in multiples of 16
QUICK = Shape(2, 128, 256, 4, 8_192)


def of_scratch(scratch: Path, *, quick: bool) -> tuple[Path, Shape]:
    """The model of NLLB-600M's shape in a scratch folder, or a small one, with its shape."""
    shape = QUICK if quick else NLLB600
    return make(scratch / ("random_quick_whole" if quick else "random_nllb600_whole"), shape), shape


def make(folder: Path, shape: Shape) -> Path:
    """Write the model into a folder, unless it is there."""
    if folder.is_dir():
        return folder
    aside = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(MODEL_DIR, aside)
    known: list[str] = json.loads((MODEL_DIR / "shared_vocabulary.json").read_text(encoding="utf-8"))
    held = set(known)
    names = (name for number in count() if (name := _name(number)) not in held)
    tokens = [*known, *islice(names, shape.tokens - len(known))]
    (aside / "shared_vocabulary.json").write_text(json.dumps(tokens), encoding="utf-8")
    small = Ct2Weights.read((MODEL_DIR / "model.bin").read_bytes())
    (aside / "model.bin").write_bytes(_grown(small, shape, end=known.index("</s>")).to_bytes())
    aside.rename(folder)
    return folder


def _name(number: int) -> str:
    """A token of letters, as one with figures in it would be taken for code, which nobody translates back."""
    letters = ""
    while number or not letters:
        number, letter = divmod(number, 26)
        letters += chr(ord("a") + letter)
    return f"▁x{letters}x"


def _grown(small: Ct2Weights, shape: Shape, *, end: int) -> Ct2Weights:
    """A model's variables in another shape."""
    rng = np.random.default_rng(SEED)
    width, ffn = small.variables["encoder/layer_0/ffn/linear_1/weight"].shape
    sizes = {width: shape.width, 2 * width: 2 * shape.width, 3 * width: 3 * shape.width, ffn: shape.ffn}
    sizes[small.variables[DECODER + "/weight"].shape[0]] = shape.tokens
    found = {}
    for name, one in small.variables.items():
        match = re.match(r"(encoder|decoder)/layer_(\d+)/(.*)", name)
        if match and match[2] != "0":
            continue
        wanted = tuple(1024 if "position" in name and not n else sizes.get(d, d) for n, d in enumerate(one.shape))
        layers = range(shape.layers) if match else (0,)
        for layer in layers:
            named = f"{match[1]}/layer_{layer}/{match[3]}" if match else name
            found[named] = _filled(name, replace(one, shape=wanted), shape, rng)
    assert {ENCODER + "/weight", PROJECTION + "/weight"} <= small.aliases.keys()
    return replace(small, variables=found | _ending(found, end))


def _ending(found: dict[str, Variable], end: int) -> dict[str, Variable]:
    """The position at which a translation ends, with the encoding that makes its end token the most probable."""
    rows = np.frombuffer(found[DECODER + "/weight"].data, np.int8).reshape(found[DECODER + "/weight"].shape)
    signs = np.frombuffer(found[LAST_NORM].data, np.float32)
    positions = np.frombuffer(found[POSITIONS].data, np.float32).reshape(found[POSITIONS].shape).copy()
    positions[LENGTH] = END_COUNTS * LARGEST / 127 * rows[end] * signs
    return {POSITIONS: replace(found[POSITIONS], data=positions.tobytes())}


def _filled(name: str, one: Variable, shape: Shape, rng: np.random.Generator) -> Variable:
    if not one.shape:
        if name.endswith("num_heads"):
            return replace(one, data=np.array(shape.heads, np.int16).tobytes())
        if name.startswith("decoder/scale_embeddings") and one.type == FLOAT32:
            return replace(one, data=np.array(math.sqrt(shape.width), np.float32).tobytes())
        return one
    count = math.prod(one.shape)
    if one.type == INT8:
        values = np.clip(rng.normal(0, 127 / 3, count), -127, 127).astype(np.int8)
        return replace(one, data=values.tobytes())
    if re.fullmatch(r"decoder/layer_\d+/attention/linear_2/weight_scale", name):
        counts = READ / shape.width / math.sqrt(shape.layers)
        return replace(one, data=np.full(count, 127 / LARGEST / counts, np.float32).tobytes())
    if name.endswith("_scale"):
        return replace(one, data=np.full(count, 127 / LARGEST, np.float32).tobytes())
    if name == LAST_NORM:
        return replace(one, data=rng.choice(np.array([-1, 1], np.float32), count).tobytes())
    if name.endswith("gamma"):
        return replace(one, data=np.ones(count, np.float32).tobytes())
    if name.endswith("encodings"):
        return replace(one, data=rng.normal(0, PLACE, count).astype(np.float32).tobytes())
    return replace(one, data=np.zeros(count, np.float32).tobytes())
