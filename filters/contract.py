"""The contract of a scorer, and the table of pairs that it judges.

A scorer measures; only its rules decide, on the stored scores. It sees one row for each translated turn and gives one
float32 column for each of its metrics. A value it cannot judge is null, and null never rejects. What it finds that is
no number, such as a language, it gives as labels beside them: string columns, which no rule reads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar, Self

import pyarrow as pa

from glotmill.filters.rules import Rule
from glotmill.recipes.families import Setting
from glotmill.schemas.members import Provider
from glotmill.schemas.record import Label, Metric

MOST_LABELS = 1000  # different values of a label: a manifest counts them
SEGMENT = pa.struct([("source", pa.string()), ("target", pa.string())])
PAIR_SCHEMA = pa.schema(
    [
        pa.field("source_lang", pa.string()),  # FLORES-200 codes
        pa.field("lang", pa.string()),
        pa.field("field_type", pa.string()),  # caption, question, answer or response
        pa.field("source", pa.string()),  # the turn's text without image markers
        pa.field("target", pa.string()),
        pa.field("back", pa.string()),  # the target translated back, null where it was not
        pa.field("back_failed", pa.bool_()),  # a back-translation was tried and failed
        pa.field("logprob", pa.float32()),  # mean log-probability of a target token, <= 0
        pa.field("hit_limit", pa.bool_()),  # the decoder stopped at its length limit
        # Forced scores, null where no scorer needs them: ln P of each word of the source, words as white space
        # parts them, given the target (reverse) and given a lone full stop (alone); of its end, given the target;
        # and the tokens of the source with its end.
        pa.field("reverse_words", pa.list_(pa.float32())),
        pa.field("reverse_end", pa.float32()),
        pa.field("source_tokens", pa.int32()),
        pa.field("alone_words", pa.list_(pa.float32())),
        pa.field("image", pa.string()),  # URI of the record's first image
        # The requests to the translator, each with its translation, in order; null where there was one only.
        pa.field("segments", pa.list_(SEGMENT)),
    ]
)


class Scorer(ABC):
    """One way to measure a translation.

    Attributes:
        name: Part of every column, parameter and reason code of the scorer.
        row: For one of ours its row in docs/filters.md: what it measures, and what it needs.
        version: Raised whenever the same input may give another value.
        metrics: What it measures, in column order.
        labels: What it finds in words, in column order. A scorer with ``inputs`` has none: only its numbers are stored.
        rules: What of it rejects, in order: of several rules that fail, the first is the one that counts.
        setting: What a recipe may state under ``score.<name>``; None where it takes nothing.
        by_default: Whether it runs where a recipe names no scorers; one of another package never does.
        needs_back_translation: Whether the pairs must hold ``back``.
        uses_back_translation: Whether its values are others where there is one, though it does without.
        needs_forced_scores: Whether the pairs must hold ``reverse_words`` and what goes with it.
        whole_shard: Whether it compares rows, and so must see those of a whole shard at once.
        expensive: Whether it may skip rows that cheap rules reject (``score.skip_rejected``).
        engine: The public name of the one translator that its constants were fitted to; None where they suit all.
        inputs: The columns of `PAIR_SCHEMA` that, with its fingerprint, decide its values, where it calls a model for
            so long that they are stored and never measured twice; a scorer without is never stored.
        provider: The package that it comes from; None for one of ours.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    row: ClassVar[tuple[str, ...]] = ()
    metrics: ClassVar[tuple[Metric, ...]]
    labels: ClassVar[tuple[Label, ...]] = ()
    rules: ClassVar[tuple[Rule, ...]] = ()
    setting: ClassVar[Setting | None] = None
    by_default: ClassVar[bool] = True
    needs_back_translation: ClassVar[bool] = False
    uses_back_translation: ClassVar[bool] = False
    needs_forced_scores: ClassVar[bool] = False
    whole_shard: ClassVar[bool] = False
    expensive: ClassVar[bool] = False
    inputs: ClassVar[tuple[str, ...]] = ()
    provider: Provider | None = None

    @classmethod
    def make(cls, _stated: Any, /) -> Self:
        """The scorer of a recipe.

        Args:
            _stated: What the recipe states under ``score.<name>``, or the default of its `Setting`; None where it
                has none.

        Raises:
            InputError: It cannot be had so.
        """
        return cls()

    def identity(self) -> dict[str, Any]:
        """Its fingerprint, with the package that it comes from: another version of that may measure otherwise."""
        return self.fingerprint() | ({"provider": self.provider.identity()} if self.provider else {})

    @property
    def engine(self) -> str | None:
        """See the class."""
        return None

    @abstractmethod
    def fingerprint(self) -> dict[str, Any]:
        """Everything that decides the scores beside the pairs: version, models, constants."""

    @abstractmethod
    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`.

        Returns:
            One float32 array, as long as the table, for each metric's name, and one string array for each label's, of
            `MOST_LABELS` different values at most.
        """

    def score_shards(self, pairs: pa.Table, ends: Sequence[int]) -> dict[str, pa.Array]:
        """Measure the pairs of several shards, each shard by itself: what `score` gives of each, one below the other.

        It is for a scorer that compares rows (``whole_shard``). One that takes long for a call, and not for a pair,
        may measure all shards in one.

        Args:
            pairs: The pairs of all.
            ends: Where the pairs of each end.
        """
        parts = [self.score(pairs.slice(start, end - start)) for start, end in pairwise([0, *ends])]
        return {name: pa.concat_arrays([part[name] for part in parts]) for name in parts[0]}
