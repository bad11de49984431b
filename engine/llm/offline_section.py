"""What a recipe says of a model on vLLM in the worker itself."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from glotmill.recipes.section import RecipePath
from glotmill.recipes.sections.translate import LlmTranslate


class VllmModel(LlmTranslate):
    """A model on vLLM, in the worker itself.

    Attributes:
        revision: Revision of a Hub model; None takes its main branch and records the commit.
        device: ``auto`` is CUDA where there is a GPU, else CPU; which one is recorded.
        dtype: Precision of weights and arithmetic.
        quantization: How the weights are quantised, as vLLM names it; None goes by the model's own files.
        tensor_parallel: GPUs that share the model, all of one worker.
        max_model_len: Tokens of prompt and answer together.
        gpu_memory: Share of each GPU's memory that vLLM takes.
        eager: Do without compilation and CUDA graphs: a quicker start, slower work.
        structured: How JSON is requested: by schema, or by words alone.
        chat_template: A Jinja file for a model that has no chat template.
        thinking: What ``enable_thinking`` is set to in the chat template; null leaves it out.
    """

    revision: str | None = Field(None, min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    quantization: str | None = Field(None, min_length=1)
    tensor_parallel: int = Field(1, ge=1, le=64)
    max_model_len: int = Field(4096, ge=64, le=10_000_000)
    gpu_memory: float = Field(0.9, gt=0, le=1)
    eager: bool = False
    structured: Literal["json_schema", "none"] = "json_schema"
    chat_template: RecipePath | None = None
    thinking: bool | None = None

    not_locked: ClassVar[frozenset[str]] = LlmTranslate.not_locked | {"device", "gpu_memory"}
