"""Which rows of records are sound: the rules that a table of records obeys, of which any reader can check a part.

Guarantees: `validate` finds any row that breaks a rule, and names the column, the row and the rule; `broken_rule` does
so with the columns that a reader has.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl
import pyarrow as pa

from glotmill.schemas.errors import SchemaError, shortened
from glotmill.schemas.languages import registry
from glotmill.schemas.sample import IMAGE_MARKER
from glotmill.schemas.task import TASKS

REQUIRED = (
    "record_id", "source_id", "source_hash", "source", "license", "task", "lang", "lang_bcp47", "source_lang",
    "image_refs", "image_keys", "source_messages", "row_status", "keep", "filter_reasons",
)  # fmt: skip
_TURN = ("role", "content")
# Columns whose items are never null, with those parts of an item, or of the column itself, that are never null either.
FILLED: dict[str, tuple[str, ...]] = {
    "source": ("dataset", "revision", "config", "split", "row_id"),
    "image_refs": ("image_id", "uri"),
    "image_keys": (),
    "source_messages": _TURN,
    "source_choices": (),
    "source_answers": (),
    "messages": _TURN,
    "slot_langs": ("turn", "slot"),
    "choices": (),
    "answers": (),
    "back_messages": _TURN[:1],
    "scores_skipped": (),
    "filter_reasons": (),
}

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


@lru_cache(maxsize=64)
def _rules(names: tuple[str, ...]) -> list[tuple[str, str, pl.Expr]]:
    """(column, rule in words, expression that is true for a sound row) of what can be said of these columns."""
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
        ("back_messages", "must have one entry a turn", _as_many("back_messages", "source_messages")),
        ("turn_langs", "must have one entry a turn", (pl.col("turn_langs").list.len() == turns) | _FAILED),
        ("turn_langs", "must have one entry a turn",
         pl.col("messages").is_null() | (pl.col("turn_langs").list.len() == length)),
        ("choices", "must be as many as source_choices",
         pl.col("choices").list.len().eq_missing(pl.col("source_choices").list.len()) | _FAILED),
        ("answers", "must be as many as source_answers",
         pl.col("answers").list.len().eq_missing(pl.col("source_answers").list.len()) | _FAILED),
        ("instruction_langs", "must have one entry a turn", _as_many("instruction_langs", "source_messages")),
        ("slot_langs", "must name turns of the record", pl.col("slot_langs").is_null() | (_last_turn() < turns)),
        ("choice_langs", "must have one entry an option", _as_many("choice_langs", "choices")),
        ("answer_langs", "must have one entry an answer", _as_many("answer_langs", "answers")),
        ("answer_index", "must be a position in choices",
         pl.col("answer_index").is_null()
         | (pl.col("answer_index") >= 0) & (pl.col("answer_index") < pl.col("choices").list.len())),
        ("keep", "must be false in a failed row", ~(_FAILED & pl.col("keep"))),
        ("filter_reasons", "must name a reason in a failed row",
         ~_FAILED | (pl.col("filter_reasons").list.len() > 0)),
    ]  # fmt: skip
    rules += [
        (name, "must have one entry a turn", _as_many(name, "source_messages"))
        for name in names
        if name.startswith("turn_") and name != "turn_langs"
    ]
    return [rule for rule in rules if {rule[0], *rule[2].meta.root_names()} <= set(names)]


def broken_rule(records: pl.DataFrame) -> str | None:
    """The first rule that records break, with the column and the row; None where they are sound.

    Args:
        records: Some columns of records; only rules that read no other column are checked.
    """
    rules = _rules(tuple(records.columns))
    sound = records.select(expr.fill_null(value=False).alias(str(i)) for i, (_, _, expr) in enumerate(rules))
    for i, (column, rule, _) in enumerate(rules):
        if not sound[str(i)].all():
            return _told(records, column, sound[str(i)].arg_min() or 0, rule)
    for column, parts in FILLED.items():
        hollow = _hollow(records[column], parts) if column in records.columns else None
        if hollow is not None:
            return _told(records, column, *hollow)
    return None


def _hollow(column: pl.Series, parts: tuple[str, ...]) -> tuple[int, str] | None:
    """(row, rule in words) of the first null in the items of a column, or in those parts of them."""
    nested = column.dtype == pl.List
    each = pl.col(column.name).explode(empty_as_null=False, keep_nulls=False) if nested else pl.col(column.name)
    items = column.to_frame().select(each).to_series()
    known = [field.name for field in items.dtype.fields] if isinstance(items.dtype, pl.Struct) else []
    for part in ("", *(name for name in parts if name in known)):
        values = items.struct.field(part) if part else items
        if values.null_count():
            of = pl.int_range(len(column), eager=True)
            if nested:
                of = of.repeat_by(column.list.len().fill_null(0)).explode(empty_as_null=False)
            return int(of.filter(values.is_null())[0]), f"must have no null in its {part or 'items'}"
    return None


def _told(records: pl.DataFrame, column: str, row: int, rule: str) -> str:
    of = f" ({records['record_id'][row]})" if "record_id" in records.columns else ""
    found = records[column].slice(row, 1).to_list()[0]
    return f"column {column}, row {row}{of}: {rule}; found {shortened(repr(found))}"


def validate(table: pa.Table, schema: pa.Schema) -> None:
    """Check a table of records against the schema and the rules.

    Args:
        table: Records, as they are to be written.
        schema: The dataset's schema (`glotmill.schemas.record.record_schema`).

    Raises:
        SchemaError: Naming the first column, row and rule that is broken.
    """
    if not table.schema.equals(schema, check_metadata=False):
        wrong = [f.name for f in schema if f.name not in table.schema.names or table.field(f.name).type != f.type]
        extra = [name for name in table.schema.names if name not in schema.names]
        msg = f"columns differ from the record schema: missing or of another type {wrong}, unknown {extra}"
        raise SchemaError(msg)
    broken = broken_rule(pl.DataFrame(table))
    if broken is not None:
        raise SchemaError(broken)
