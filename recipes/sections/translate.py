"""The ``translate:`` section of a recipe, one model for each engine."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from glotmill.recipes.language_sets import expand
from glotmill.recipes.secrets import secret_keys
from glotmill.recipes.section import RecipePath, Section
from glotmill.schemas.errors import InputError

KEY_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Fault = Literal["drop_sentence", "loop", "echo", "wrong_language", "empty"]
ComputeType = Literal["auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "float16", "bfloat16", "float32"]


class Batching(Section):
    """How a translator's work is cut up; part of the recipe because batches decide the last digits of scores.

    Attributes:
        batch_tokens: Upper bound of a batch, in padded source tokens as estimated from the text's bytes.
        unit_tokens: Tokens of one unit of work, the piece that is committed and retried.
        threads: CPU threads of one worker.
        unit_timeout: Seconds after which a unit's worker counts as hung and is replaced.
    """

    batch_tokens: int = Field(2048, ge=16, le=1_000_000)
    unit_tokens: int = Field(32_768, ge=16, le=100_000_000)
    threads: int = Field(1, ge=1, le=256)
    unit_timeout: float = Field(1800, gt=0)


class Retry(Section):
    """The second decode of a segment whose first one came out empty, looped or cut off at the length limit.

    Attributes:
        beam_size: Beams kept by the search.
        repetition_penalty: Above 1 makes repeating tokens less likely.
        no_repeat_ngram: No n-gram of this many tokens twice; 0 allows all.
    """

    beam_size: int = Field(5, ge=1, le=64)
    repetition_penalty: float = Field(1.2, ge=1, le=10)
    no_repeat_ngram: int = Field(4, ge=0, le=64)


class Ct2Translate(Batching):
    """A translation model on CTranslate2.

    Attributes:
        model: A converted CTranslate2 folder (``./``, ``../``, ``~`` or ``/`` in front), or a Hub id.
        revision: Revision of a Hub model; None takes its main branch and records the commit.
        device: ``auto`` is CUDA where there is a GPU, else CPU; which one is recorded.
        compute_type: ``auto`` is int8_float32 on CPU and float16 on CUDA; which one is recorded.
        beam_size: Beams kept by the search; 1 is greedy.
        length_penalty: Exponent of the length normalisation in beam search.
        max_source_tokens: Longest source; a longer one fails with ``source_too_long``.
        max_decoding_tokens: Longest translation; one that reaches it is marked.
        actors_per_gpu: Workers that share one GPU.
        retry: The second decode; null remembers a failure after the first.
    """

    model: str = Field(min_length=1)
    revision: str | None = Field(None, min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: ComputeType = "auto"
    beam_size: int = Field(4, ge=1, le=64)
    length_penalty: float = Field(1.0, ge=0, le=10)
    max_source_tokens: int = Field(1024, ge=8, le=4096)
    max_decoding_tokens: int = Field(256, ge=1, le=4096)
    actors_per_gpu: int = Field(1, ge=1, le=16)
    retry: Retry | None = Retry()


class NllbTranslate(Ct2Translate):
    """NLLB-200 and models like it.

    Attributes:
        model: ``embedded``, or as in `Ct2Translate`.
    """

    engine: Literal["nllb"]
    model: str = Field("embedded", min_length=1)


class MadladTranslate(Ct2Translate):
    """MADLAD-400 and models like it: T5 with the target language as a token before the source."""

    engine: Literal["madlad"]
    model: str = Field("google/madlad400-3b-mt", min_length=1)


class LlmRetry(Section):
    """The second decode of an answer that is no translation.

    Attributes:
        temperature: As in `LlmTranslate`; the first decode's settings would give the same again.
        top_p: As there.
        seed: As there.
    """

    temperature: float = Field(0.7, ge=0, le=2)
    top_p: float = Field(0.95, gt=0, le=1)
    seed: int = Field(1, ge=0)


class LlmTranslate(Batching):
    """A large language model that is told to translate.

    Attributes:
        model: The model's name: what a server calls it, a folder or a Hub id.
        mode: ``segment`` translates sentence by sentence, as the other engines; ``record`` all texts of a record in
            one request, as JSON, and sentence by sentence where the answer does not fit.
        prompts: What the model is told: ``builtin``, or a YAML file of the same shape (docs/engines.md).
        temperature: 0 is greedy.
        top_p: Draw among the most probable tokens that together have this probability.
        seed: Of the draws.
        max_tokens: Longest answer; one that reaches it is marked.
        retry: The second decode; null remembers a failure after the first.
        license: License of the model's weights, as a Hub license id; ``auto`` is the Hub's word, else ``other``.
    """

    model: str = Field(min_length=1)
    mode: Literal["segment", "record"] = "segment"
    prompts: Literal["builtin"] | RecipePath = "builtin"
    temperature: float = Field(0.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int = Field(0, ge=0)
    max_tokens: int = Field(512, ge=1, le=1_000_000)
    retry: LlmRetry | None = LlmRetry()
    license: str = Field("auto", min_length=1)
    batch_tokens: int = Field(32_768, ge=16, le=1_000_000)


class Price(Section):
    """What a server charges, in one currency, for a million tokens.

    Attributes:
        input: For those that it reads.
        output: For those that it writes.
    """

    input: float = Field(ge=0)
    output: float = Field(ge=0)

    def cost(self, read: int, wrote: int) -> float:
        """What so many tokens cost."""
        return (read * self.input + wrote * self.output) / 1e6


class OpenAiServer(LlmTranslate):
    """A server that speaks OpenAI's protocol.

    Attributes:
        url: Its address up to and with ``/v1``; ``vllm serve`` on this machine by default.
        key_env: Environment variable that holds the key; null sends none.
        concurrency: Requests in flight of one worker.
        timeout: Seconds for a whole reply.
        attempts: How often a request is sent while the server is busy, fails or is silent.
        first_wait: Seconds before the second attempt; twice as long before each further one.
        longest_wait: Seconds that are waited at most, also where ``Retry-After`` asks for more.
        structured: How JSON is asked for: by schema, as some object, or by words alone.
        logprobs: Ask for the log-probabilities of the tokens.
        limit_key: What the server calls the limit of an answer.
        extra: More keys of the request's body, such as ``chat_template_kwargs``; secrets are refused.
        price: Counts the cost.
    """

    url: str = Field("http://127.0.0.1:8000/v1", pattern=r"^https?://[^\s/]+")
    key_env: str | None = None
    concurrency: int = Field(64, ge=1, le=4096)
    timeout: float = Field(120, gt=0)
    attempts: int = Field(6, ge=1, le=100)
    first_wait: float = Field(0.5, ge=0)
    longest_wait: float = Field(60, ge=0)
    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    logprobs: bool = False
    limit_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra: dict[str, Any] = Field({})
    price: Price | None = None

    @field_validator("url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("key_env", mode="before")
    @classmethod
    def _a_name(cls, value: Any) -> Any:
        if isinstance(value, str) and not KEY_ENV.fullmatch(value):  # perhaps the key itself, so it is not repeated
            msg = "expected the name of an environment variable that holds the key, such as OPENAI_API_KEY"
            raise ValueError(msg)
        return value

    @field_validator("extra")
    @classmethod
    def _no_secrets(cls, value: dict[str, Any]) -> dict[str, Any]:
        found = next(secret_keys(value), None)
        if found is not None:
            msg = (
                f"'{found}' is a secret, and a recipe is written into its datasets; leave it out, put the key into an "
                "environment variable and name that in 'key_env' (it is sent as Authorization: Bearer)"
            )
            raise ValueError(msg)
        return value


class OpenAiTranslate(OpenAiServer):
    """A model behind such a server as the translator."""

    engine: Literal["openai"]


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
        structured: How JSON is asked for: by schema, or by words alone.
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


class VllmTranslate(VllmModel):
    """A model on vLLM as the translator."""

    engine: Literal["vllm"]


class FakeTranslate(Batching):
    """A deterministic stand-in for tests and dry runs: it marks words with the language and can misbehave.

    Attributes:
        fault: What it does wrong, on every ``fault_every``-th text as chosen by the text's hash.
        fault_every: 1 is every text.
        crash_at_batch: Raise on this batch of each worker's life, counted from 1.
        poison: A word; whatever batch holds a text with it comes to grief.
        poison_does: How: the engine raises, never answers, ends its process, or gives a result too few.
        seconds_per_batch: How long a batch takes.
        retry_helps: The fault is gone on a second decode.
        batch_sensitive: Scores carry a digest of the whole batch, so that a test sees any re-batching.
    """

    engine: Literal["fake"]
    fault: Fault | None = None
    fault_every: int = Field(1, ge=1)
    crash_at_batch: int | None = Field(None, ge=1)
    poison: str | None = Field(None, min_length=1)
    poison_does: Literal["raise", "hang", "exit", "short"] = "raise"
    seconds_per_batch: float = Field(0, ge=0)
    retry_helps: bool = False
    batch_sensitive: bool = False


Translate = Annotated[
    NllbTranslate | MadladTranslate | OpenAiTranslate | VllmTranslate | FakeTranslate, Field(discriminator="engine")
]
# What says where and how fast, and so must not reach a dataset.
NOT_LOCKED = (
    "device", "unit_timeout", "url", "key_env", "concurrency", "timeout", "attempts", "first_wait", "longest_wait",
    "gpu_memory", "price",
)  # fmt: skip


class Routing(Section):
    """Other engines than ``translate``'s for some of the work.

    Attributes:
        languages: Engines by target language: codes or groups such as ``tier:T1`` or ``a & b``; of several keys that
            name a language the first counts.
        second: Asked for what the first engine failed on, there and back.
        back: Translates back; None takes the engine that translated there.
    """

    languages: dict[str, Translate] = Field({})
    second: Translate | None = None
    back: Translate | None = None

    @field_validator("languages")
    @classmethod
    def _known(cls, value: dict[str, Any]) -> dict[str, Any]:
        for names in value:
            try:
                expand([names])
            except InputError as error:
                raise ValueError(str(error)) from None
        return value

    def engine_of(self, lang: str) -> Translate | None:
        """The engine of a target language, where it has one of its own."""
        return next((engine for names, engine in self.languages.items() if lang in expand([names])), None)
