"""What a published record is: its columns, their order and types.

Guarantees: `record_schema` is the one schema of all shards of a dataset, stable under a round trip through `datasets`.
Which rows are sound says `glotmill.schemas.record_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from glotmill.schemas.sample import IDENTITY_FIELDS, MESSAGES, STRINGS, TEXT_FIELDS

SCHEMA_VERSION = 2
OLDEST_VERSION = 1  # a dataset of it can still be read and judged, and a build brings it up to date
VERSION_KEY = b"schema_version"  # in the metadata of a schema, and so of a shard's footer
# The version that brought a column; the others are of version 1.
SINCE: dict[str, int] = dict.fromkeys(
    ("image_keys", "instruction_langs", "slot_langs", "choice_langs", "answer_langs"), 2
)

SLOT_LANGS = pa.list_(pa.struct([("turn", pa.int32()), ("slot", pa.string()), ("lang", pa.string())]))
MT = pa.struct([("engines", STRINGS), ("models", STRINGS), ("params_hash", pa.string()), ("copied_fields", STRINGS)])

_IDENTITY = {field.name: field for field in IDENTITY_FIELDS}
HEAD_FIELDS = [
    pa.field("record_id", pa.string()),
    *(_IDENTITY[n] for n in ("source_id", "source_hash", "source", "license", "task", "template_id")),
    pa.field("lang", pa.string()),
    pa.field("lang_bcp47", pa.string()),
    _IDENTITY["source_lang"],
    _IDENTITY["image_refs"],
    _IDENTITY["image_keys"],
    *TEXT_FIELDS,
]
TARGET_FIELDS = [
    pa.field("row_status", pa.string()),
    pa.field("messages", MESSAGES),
    # One a turn, as a FLORES-200 code: the language of the row's own text in it. In a turn that a template made that is
    # the text in the slots, and the template's words where no slot holds any. Null: no words, or several languages.
    pa.field("turn_langs", STRINGS),
    # One a turn: the language of the words of the template that made it; null where none did, or where it has no words.
    pa.field("instruction_langs", STRINGS),
    # The language of each text in a template's slot, by turn (from 0); null where no template made a turn of the row.
    # A language is null where the text has no words, or where its options are in several languages.
    pa.field("slot_langs", SLOT_LANGS),
    pa.field("choices", STRINGS),
    pa.field("choice_langs", STRINGS),  # the language of each option; null where it has no words
    pa.field("answer_index", pa.int32()),
    pa.field("answers", STRINGS),
    pa.field("answer_langs", STRINGS),  # the language of each answer; null where it has no words
    pa.field("content_hash", pa.string()),
    pa.field("mt", MT),
    pa.field("back_messages", MESSAGES),
]
VERDICT_FIELDS = [pa.field("keep", pa.bool_()), pa.field("filter_reasons", STRINGS)]

Direction = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One score of one scorer.

    Attributes:
        scorer: Name of the scorer.
        name: Name of the metric; its columns are ``score_<scorer>_<name>`` and ``turn_<scorer>_<name>``.
        direction: Which values are better; a record's score is its worst turn.
        low: Least possible value, or None without a bound.
        high: Greatest possible value, or None without a bound.
        description: What it measures, then ``; high means`` and what a high value says of the translation. The report,
            ``explain`` and docs/scores.md show it.
    """

    scorer: str
    name: str
    direction: Direction
    low: float | None
    high: float | None
    description: str

    @property
    def score_column(self) -> str:
        """The column of the record's score (float32)."""
        return f"score_{self.scorer}_{self.name}"

    @property
    def turn_column(self) -> str:
        """The column of the scores by turn (list of float32, one value a turn, null = not judged)."""
        return f"turn_{self.scorer}_{self.name}"


@dataclass(frozen=True, slots=True)
class Label:
    """What one scorer calls a translated turn, in one of few words: the language that it is in, for one.

    A label decides nothing: rules read scores. Datasets have had labels since schema version 2.

    Attributes:
        scorer: Name of the scorer.
        name: Name of the label; its columns are ``label_<scorer>_<name>`` and ``turn_<scorer>_<name>``.
        description: What it says, for the docs and the card.
    """

    scorer: str
    name: str
    description: str

    @property
    def column(self) -> str:
        """The column of the record's label (string): that of most of its turns, of equally many the first turn's."""
        return f"label_{self.scorer}_{self.name}"

    @property
    def turn_column(self) -> str:
        """The column of the labels by turn (list of string, one value a turn, null = not judged)."""
        return f"turn_{self.scorer}_{self.name}"


def record_schema(
    metrics: Iterable[Metric], version: int = SCHEMA_VERSION, *, labels: Iterable[Label] = ()
) -> pa.Schema:
    """The Arrow schema of a dataset, with its version in the metadata.

    Args:
        metrics: What the dataset's scorers measured.
        version: The version of the dataset's schema.
        labels: What the dataset's scorers found in words.
    """
    metrics, labels = list(metrics), list(labels)
    return pa.schema(
        [
            *(field for field in (*HEAD_FIELDS, *TARGET_FIELDS) if SINCE.get(field.name, 1) <= version),
            *(pa.field(m.score_column, pa.float32()) for m in metrics),
            *(pa.field(m.turn_column, pa.list_(pa.float32())) for m in metrics),
            *(pa.field(label.column, pa.string()) for label in labels),
            *(pa.field(label.turn_column, STRINGS) for label in labels),
            pa.field("scores_skipped", STRINGS),
            *VERDICT_FIELDS,
        ],
        metadata={VERSION_KEY: str(version).encode()},
    )


def schema_version(schema: pa.Schema) -> int:
    """The version of a schema that `record_schema` made."""
    return int(schema.metadata[VERSION_KEY])
