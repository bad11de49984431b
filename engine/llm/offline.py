"""A chat model on vLLM in this process.

Guarantees: the same conversations in the same batch give the same answers on the same machine; the shared beginning of
the prompts is computed once (prefix caching); a JSON schema is enforced while the answer is written. vLLM is imported
only here, when a worker loads its model.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from glotmill.engine.llm.contract import Answer, Chat, Sampling
from glotmill.engine.llm.offline_section import VllmModel
from glotmill.schemas.errors import TranslatorError
from glotmill.schemas.given_files import given_text

# The engine in the worker's own process, which Ray watches; and no reports to anybody.
SETTINGS = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}


def chat_template(section: VllmModel) -> str | None:
    """The chat template that a section names; None leaves the model's own.

    Raises:
        InputError: The file cannot be read.
    """
    if section.chat_template is None:
        return None
    return given_text("translate.chat_template", section.chat_template, "a chat template in Jinja")


class OfflineModel:
    """A model on vLLM.

    Args:
        section: How it is run.
        path: Its folder, or its Hub id.
        revision: The Hub commit.
    """

    def __init__(self, section: VllmModel, path: str, revision: str | None) -> None:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        try:
            import vllm
        except ImportError as error:
            msg = f"vLLM cannot be imported ({error}): pip install 'glotmill[vllm]'"
            raise TranslatorError(msg) from error
        self._vllm: Any = vllm
        self._section = section
        self._template = chat_template(section)
        self._model = vllm.LLM(
            model=path,
            revision=revision,
            dtype=section.dtype,
            quantization=section.quantization,
            tensor_parallel_size=section.tensor_parallel,
            max_model_len=section.max_model_len,
            gpu_memory_utilization=section.gpu_memory,
            enable_prefix_caching=True,
            enforce_eager=section.eager,
            # A small model that may put white space between two parts of an object goes on with it for ever.
            structured_outputs_config={"backend": "xgrammar", "disable_any_whitespace": True},
            seed=section.seed,
            disable_log_stats=True,
        )

    def answer(self, chats: Sequence[Chat], sampling: Sampling) -> list[Answer]:
        """One answer for each conversation, in order."""
        prompts = [self._prompt(chat) for chat in chats]
        room = [self._section.max_model_len - len(prompt["prompt_token_ids"]) for prompt in prompts]
        fits = [number for number, left in enumerate(room) if left > 0]
        outputs = self._model.generate(
            [prompts[number] for number in fits],
            [self._parameters(chats[number], sampling, room[number]) for number in fits],
            use_tqdm=False,
        )
        answers = [Answer(None, "source_too_long", prompt_tokens=len(prompt["prompt_token_ids"])) for prompt in prompts]
        for number, output in zip(fits, outputs, strict=True):
            answers[number] = _answer(output)
        return answers

    def _prompt(self, chat: Chat) -> dict[str, list[int]]:
        """A conversation in the model's own format, as tokens."""
        options: dict[str, Any] = {}
        if self._template is not None:
            options["chat_template"] = self._template
        if self._section.thinking is not None:
            options["enable_thinking"] = self._section.thinking
        ids = self._model.get_tokenizer().apply_chat_template(
            chat.messages, add_generation_prompt=True, tokenize=True, return_dict=False, **options
        )
        return {"prompt_token_ids": list(ids)}

    def _parameters(self, chat: Chat, sampling: Sampling, room: int) -> Any:
        from vllm.sampling_params import StructuredOutputsParams

        structured = None
        if chat.schema is not None and self._section.structured == "json_schema":
            structured = StructuredOutputsParams(json=chat.schema)
        return self._vllm.SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=sampling.seed,
            max_tokens=min(chat.max_tokens, room),
            logprobs=0,
            structured_outputs=structured,
        )


def _answer(output: Any) -> Answer:
    made = output.outputs[0]
    wrote = len(made.token_ids)
    cut = made.finish_reason == "length"
    logprob = made.cumulative_logprob / wrote if wrote and made.cumulative_logprob is not None else None
    read = len(output.prompt_token_ids)
    if not made.text.strip():
        return Answer(None, "empty_output", cut=cut, prompt_tokens=read, completion_tokens=wrote)
    return Answer(made.text, cut=cut, logprob=logprob, prompt_tokens=read, completion_tokens=wrote)
