"""On which device and in which precision a CTranslate2 model runs: one pure function.

Guarantees: the answer is explicit and recorded; what the machine cannot do is an error, never another device or
precision in silence.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from glotmill.engine.translators.contract import Placement
from glotmill.recipes.sections.translate import Ct2Translate
from glotmill.schemas.errors import InputError

# What CTranslate2 makes of `int8`, by device: the other operand's type. Measured on CPU; CUDA as documented.
INT8_IS = {"cpu": "int8_float32", "cuda": "int8_float16"}
AUTO_IS = {"cpu": "int8_float32", "cuda": "float16"}


def place(section: Ct2Translate, gpus: int, cpu_types: AbstractSet[str]) -> Placement:
    """Decide device, compute type and the share of the machine that a worker takes.

    Args:
        section: The recipe's ``translate`` section.
        gpus: GPUs that are there for workers, on this machine or in the cluster.
        cpu_types: Compute types that CTranslate2 supports on this machine's CPU.

    Raises:
        InputError: The recipe asks for a device or compute type that is not there.
    """
    device = section.device
    if device == "auto":
        device = "cuda" if gpus else "cpu"
    if device == "cuda" and not gpus:
        msg = "translate.device: cuda, but this machine has no GPU; use cpu or auto"
        raise InputError(msg)
    compute = section.compute_type
    if compute == "auto":
        compute = AUTO_IS[device]  # type: ignore[assignment]
    elif compute == "int8":
        compute = INT8_IS[device]  # type: ignore[assignment]
    if device == "cpu" and compute not in cpu_types:
        known = ", ".join(sorted(cpu_types))
        msg = f"translate.compute_type: this CPU does not support {compute}, only {known}"
        raise InputError(msg)
    share = 1 / section.actors_per_gpu if device == "cuda" else 0.0
    return Placement(device, compute, cpus=section.threads, gpus=share)
