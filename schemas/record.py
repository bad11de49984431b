"""What a published record is: its columns, their order and types, and the rules a table of records obeys.

Guarantees: `record_schema` is the one schema of all shards of a dataset, stable under a round trip through
`datasets`; `validate` finds any row that breaks a rule and names the column, the row and the rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl
import pyarrow as pa

from glotmill.schemas.errors import SchemaError
from glotmill.schemas.languages import registry
from glotmill.schemas.sample import IDENTITY_FIELDS, IMAGE_MARKER, MESSAGES, STRINGS, TEXT_FIELDS
from glotmill.schemas.task import TASKS

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


REQUIRED = (
    "record_id", "source_id", "source_hash", "source", "license", "task", "lang", "lang_bcp47", "source_lang",
    "image_refs", "image_keys", "source_messages", "row_status", "keep", "filter_reasons",
)  # fmt: skip

_OK = pl.col("row_status") == "ok"
_FAILED = pl.col("row_status") == "failed"


def _markers(column: str) -> pl.Expr:
    content = pl.element().struct.field("content")
    return pl.col(column).list.eval(content.str.count_matches(IMAGE_MARKER, literal=True)).list.sum()


def _roles(column: str) -> pl.Expr:
    return pl.col(column).list.eval(pl.element().struct.field("role"))


def _as_many(column: str, other: str) -> pl.Expr:
    """Whether two lists are as long as each other, or the first is null: a row may be older than the column."""
    return pl.col(column).is_null() | pl.col(column).list.len().eq_missing(pl.col(other).list.len())


def _last_turn() -> pl.Expr:
    turns = pl.col("slot_langs").list.eval(pl.element().struct.field("turn"))
    return turns.list.max().fill_null(-1)


def _rules(schema: pa.Schema) -> list[tuple[str, str, pl.Expr]]:
    """(column, rule in words, expression that is true for a sound row) of the columns that the schema has."""
    turns = pl.col("source_messages").list.len()
    length = pl.col("messages").list.len()
    rules = [(name, "must not be null", pl.col(name).is_not_null()) for name in REQUIRED]
    rules += [
        ("task", f"must be one of {', '.join(TASKS)}", pl.col("task").is_in(list(TASKS))),
        ("lang", "must be a FLORES-200 code", pl.col("lang").is_in(list(registry()))),
        ("row_status", "must be ok or failed", _OK | _FAILED),
        ("messages", "must be null in a failed row and only there", pl.col("messages").is_null() == _FAILED),
        ("content_hash", "must be null in a failed row and only there",
         pl.col("content_hash").is_null() == _FAILED),
        ("messages", "must have as many turns as source_messages", (length == turns) | _FAILED),
        ("messages", "must have the roles of source_messages",
         (_roles("messages") == _roles("source_messages")) | _FAILED),
        ("messages", "must have as many <image> markers as image_refs",
         (_markers("messages") == pl.col("image_refs").list.len()) | _FAILED),
        ("image_keys", "must be as many as image_refs",
         pl.col("image_keys").list.len() == pl.col("image_refs").list.len()),
        ("turn_langs", "must have one entry a turn", (pl.col("turn_langs").list.len() == turns) | _FAILED),
        ("choices", "must be as many as source_choices",
         pl.col("choices").list.len().eq_missing(pl.col("source_choices").list.len()) | _FAILED),
        ("answers", "must be as many as source_answers",
         pl.col("answers").list.len().eq_missing(pl.col("source_answers").list.len()) | _FAILED),
        ("instruction_langs", "must have one entry a turn", _as_many("instruction_langs", "source_messages")),
        ("slot_langs", "must name turns of the record", pl.col("slot_langs").is_null() | (_last_turn() < turns)),
        ("choice_langs", "must have one entry an option", _as_many("choice_langs", "choices")),
        ("answer_langs", "must have one entry an answer", _as_many("answer_langs", "answers")),
        ("answer_index", "must be a position in choices",
         pl.col("answer_index").is_null() | (pl.col("answer_index") < pl.col("choices").list.len())),
        ("keep", "must be false in a failed row", ~(_FAILED & pl.col("keep"))),
        ("filter_reasons", "must name a reason in a failed row",
         ~_FAILED | (pl.col("filter_reasons").list.len() > 0)),
    ]  # fmt: skip
    rules += [
        (name, "must have one entry a turn", _as_many(name, "source_messages"))
        for name in schema.names
        if name.startswith("turn_") and name != "turn_langs"
    ]
    return [rule for rule in rules if rule[0] in schema.names]


def validate(table: pa.Table, schema: pa.Schema) -> None:
    """Check a table of records against the schema and the rules.

    Args:
        table: Records, as they are to be written.
        schema: The dataset's schema (`record_schema`).

    Raises:
        SchemaError: Naming the first column, row and rule that is broken.
    """
    if not table.schema.equals(schema, check_metadata=False):
        wrong = [f.name for f in schema if f.name not in table.schema.names or table.field(f.name).type != f.type]
        extra = [name for name in table.schema.names if name not in schema.names]
        msg = f"columns differ from the record schema: missing or of another type {wrong}, unknown {extra}"
        raise SchemaError(msg)
    frame = pl.DataFrame(table)
    rules = _rules(schema)
    sound = frame.select(expr.fill_null(value=False).alias(str(i)) for i, (_, _, expr) in enumerate(rules))
    for i, (column, rule, _) in enumerate(rules):
        bad = sound[str(i)].arg_min() if not sound[str(i)].all() else None
        if bad is not None:
            row = frame.row(bad, named=True)
            msg = f"column {column}, row {bad} ({row['record_id']}): {rule}; found {row[column]!r}"
            raise SchemaError(msg)
