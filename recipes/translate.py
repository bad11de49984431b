"""The ``translate:`` section of a recipe, one model for each engine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recipes.section import Section

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


class NllbTranslate(Batching):
    """NLLB-200 and models like it, on CTranslate2.

    Attributes:
        model: ``embedded``, a converted CTranslate2 folder (``./``, ``../``, ``~`` or ``/`` in front), or a Hub id.
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

    engine: Literal["nllb"]
    model: str = Field("embedded", min_length=1)
    revision: str | None = Field(None, min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: ComputeType = "auto"
    beam_size: int = Field(4, ge=1, le=64)
    length_penalty: float = Field(1.0, ge=0, le=10)
    max_source_tokens: int = Field(1024, ge=8, le=4096)
    max_decoding_tokens: int = Field(256, ge=1, le=4096)
    actors_per_gpu: int = Field(1, ge=1, le=16)
    retry: Retry | None = Retry()


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


Translate = Annotated[NllbTranslate | FakeTranslate, Field(discriminator="engine")]
