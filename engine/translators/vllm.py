"""The ``vllm`` engine: a language model on vLLM in the worker itself, with as many GPUs as share it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from glotmill.engine.llm.offline import OfflineModel, chat_template
from glotmill.engine.llm.offline_section import VllmModel
from glotmill.engine.translators.contract import Placement, TranslatorMember, TranslatorSpec
from glotmill.engine.translators.shared.llm_translator import LlmTranslator, decode_policy, translator_of
from glotmill.engine.translators.shared.model_files import is_commit, resolve_commit
from glotmill.schemas.errors import InputError, TranslatorError
from glotmill.schemas.keys import bytes_sha256, digest, file_sha256
from glotmill.schemas.languages import registry


class VllmTranslate(VllmModel):
    """A model on vLLM as the translator."""

    engine: Literal["vllm"]


INSTALL = "pip install 'glotmill[vllm]'"
# Files of a model's folder that decide what it says.
_MODEL_FILES = ("*.safetensors", "*.bin", "*.gguf", "*.json", "*.jinja", "*.model", "*.txt")


def describe(section: VllmTranslate, gpus: int | None = None) -> TranslatorSpec:
    """What can be known of the model without loading it.

    Args:
        section: The recipe's section.
        gpus: GPUs for workers; None counts those of this machine.

    Raises:
        InputError: vLLM is not installed, or the model cannot be found or run as the recipe asks.
    """
    if find_spec("vllm") is None:
        msg = f"translate.engine: vllm is not installed: {INSTALL}"
        raise InputError(msg)
    placement = _place(section, _gpus_here() if gpus is None else gpus)
    name, license_id, files, folder = _found(section)
    identity = {
        "engine": "vllm",
        "model": name,
        "checksums": files,
        "compute_type": placement.compute_type,
        "quantization": section.quantization,
        "tensor_parallel": section.tensor_parallel,
        "max_model_len": section.max_model_len,
        "structured": section.structured,
        "thinking": section.thinking,
        "chat_template": _template(section),
        **decode_policy(section),
    }
    return TranslatorSpec(
        engine="vllm",
        model=name,
        license=license_id if section.license == "auto" else section.license,
        languages=frozenset(registry()),
        identity=identity,
        section=section,
        placement=placement,
        folder=folder,
    )


def chat_model(spec: TranslatorSpec) -> OfflineModel:
    """Load the model of a spec, in the process that will use it.

    Raises:
        TranslatorError: It cannot be loaded.
    """
    section = spec.section
    if not isinstance(section, VllmModel):
        msg = f"not a spec of the vllm engine: {spec.model}"
        raise TranslatorError(msg)
    if spec.folder is not None:
        return OfflineModel(section, str(spec.folder), None)
    model, _, commit = spec.model.rpartition("@")
    return OfflineModel(section, model, commit)


def _gpus_here() -> int:
    import torch  # vLLM's own, and so there

    return int(torch.cuda.device_count())


def _place(section: VllmModel, gpus: int) -> Placement:
    device = section.device if section.device != "auto" else "cuda" if gpus else "cpu"
    if device == "cuda" and gpus < section.tensor_parallel:
        msg = f"translate.tensor_parallel: {section.tensor_parallel} GPUs are needed, there are {gpus}"
        raise InputError(msg)
    share = float(section.tensor_parallel) if device == "cuda" else 0.0
    return Placement(device, section.dtype, cpus=section.threads, gpus=share)


def _found(section: VllmModel) -> tuple[str, str, dict[str, str], Path | None]:
    """(public name, license, checksums of a folder, the folder) of a recipe's model."""
    if not section.model.startswith(("/", ".", "~")):
        commit, license_id = section.revision, "other"
        if not is_commit(commit):
            commit, license_id = resolve_commit(section.model, section.revision)
        return f"{section.model}@{commit}", license_id, {}, None
    folder = Path(section.model).expanduser()
    files = sorted({path for pattern in _MODEL_FILES for path in folder.glob(pattern)})
    if not (folder / "config.json").is_file():
        msg = f"translate.model: {folder} is not a model's folder, config.json not found; expected what the Hub has"
        raise InputError(msg)
    checksums = {path.name: file_sha256(path) for path in files}
    return f"local@sha256:{digest(checksums)}", "other", checksums, folder.absolute()


def _template(section: VllmModel) -> str | None:
    text = chat_template(section)
    return None if text is None else bytes_sha256(text.encode())


def load(spec: TranslatorSpec) -> LlmTranslator:
    """Load the translator.

    Raises:
        TranslatorError: It cannot be loaded.
    """
    return translator_of(spec, chat_model(spec))


def _languages() -> dict[str, frozenset[str]]:
    return {"vllm (as far as the model knows them)": frozenset(registry())}


MEMBER = TranslatorMember(
    VllmTranslate,
    describe,
    load,
    _languages,
    chat_model,
    row=("a language model on vLLM in the worker itself", "GPUs of a Ray actor (`pip install 'glotmill[vllm]'`)"),
)
