"""From a converted CTranslate2 model of the M2M100 family back to a transformers checkpoint's weights.

The embedded model ships as int8 for CTranslate2. A comparison with transformers needs the same weights there, so they
are read from its file (format version 6, CTranslate2 4), multiplied out and named as transformers names them. Nothing
but numpy is needed.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
FORMAT = 6
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
# transformers' attention projections by CTranslate2's fused ones
SELF = {"linear_0": ("q_proj", "k_proj", "v_proj"), "linear_1": ("out_proj",)}
CROSS = {"linear_0": ("q_proj",), "linear_1": ("k_proj", "v_proj"), "linear_2": ("out_proj",)}


def read_variables(path: Path) -> dict[str, Array]:
    """Every variable of a ``model.bin``, quantised weights as float32.

    Raises:
        ValueError: The file has another format version.
    """
    with path.open("rb") as file:
        (version,) = _unpack(file, "<I")
        if version != FORMAT:
            msg = f"{path.name} has format version {version}, expected {FORMAT}"
            raise ValueError(msg)
        _text(file)
        _unpack(file, "<I")
        raw: dict[str, Array] = {}
        for _ in range(_unpack(file, "<I")[0]):
            name = _text(file)
            (rank,) = _unpack(file, "<B")
            shape = _unpack(file, f"<{rank}I")
            kind, size = _unpack(file, "<BI")
            raw[name] = np.frombuffer(file.read(size), TYPES[kind]).reshape(shape)
        aliases = [(_text(file), _text(file)) for _ in range(_unpack(file, "<I")[0])]
    found = {name: _whole(name, raw) for name in raw if not name.endswith("_scale")}
    return found | {alias: found[name] for alias, name in aliases if name in found}


def _whole(name: str, raw: dict[str, Array]) -> Array:
    scale = raw.get(f"{name}_scale")
    return raw[name] if scale is None else raw[name].astype(np.float32) / scale[:, None]


def _unpack(file: BinaryIO, form: str) -> tuple[int, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _text(file: BinaryIO) -> str:
    (size,) = _unpack(file, "<H")
    return file.read(size)[:-1].decode()


def layers_of(variables: dict[str, Array], side: str) -> int:
    """Layers of the ``encoder`` or ``decoder``."""
    return len({name.split("/")[1] for name in variables if name.startswith(f"{side}/layer_") and "/ffn/" in name})


def checkpoint(variables: dict[str, Array]) -> dict[str, Array]:
    """The weights under transformers' names for ``M2M100ForConditionalGeneration``."""
    state: dict[str, Array] = {"model.shared.weight": variables["decoder/embeddings/weight"]}
    for side in ("encoder", "decoder"):
        state |= _norm(variables, f"{side}/layer_norm", f"model.{side}.layer_norm")
        for layer in range(layers_of(variables, side)):
            old, new = f"{side}/layer_{layer}", f"model.{side}.layers.{layer}"
            state |= _attention(variables, f"{old}/self_attention", new, "self_attn", SELF)
            if side == "decoder":
                state |= _attention(variables, f"{old}/attention", new, "encoder_attn", CROSS)
            state |= _norm(variables, f"{old}/ffn/layer_norm", f"{new}.final_layer_norm")
            for fused, name in (("linear_0", "fc1"), ("linear_1", "fc2")):
                for part in ("weight", "bias"):
                    state[f"{new}.{name}.{part}"] = variables[f"{old}/ffn/{fused}/{part}"]
    return state


def _norm(variables: dict[str, Array], old: str, new: str) -> dict[str, Array]:
    return {f"{new}.weight": variables[f"{old}/gamma"], f"{new}.bias": variables[f"{old}/beta"]}


def _attention(
    variables: dict[str, Array], old: str, new: str, name: str, fused: dict[str, tuple[str, ...]]
) -> dict[str, Array]:
    state = _norm(variables, f"{old}/layer_norm", f"{new}.{name}_layer_norm")
    for linear, projections in fused.items():
        for part in ("weight", "bias"):
            pieces = np.split(variables[f"{old}/{linear}/{part}"], len(projections))
            state |= {f"{new}.{name}.{p}.{part}": piece for p, piece in zip(projections, pieces, strict=True)}
    return state
