"""What an entry of the translation memory holds, and what makes one sound."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from glotmill.schemas.errors import StoreError

MEMORY_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string()),  # glotmill.schemas.keys.memory_keys
        pa.field("translator", pa.string()),  # fingerprint, or `human`
        pa.field("source_lang", pa.string()),
        pa.field("target_lang", pa.string()),
        pa.field("request", pa.string()),  # every byte that the engine was shown
        pa.field("text", pa.string()),  # null in a failed entry
        pa.field("failure", pa.string()),  # `failed:<reason>`, null in a text entry
        pa.field("attempt", pa.int32()),  # from 1
        pa.field("settings", pa.string()),  # which decode gave the result: the first, or the retry
        pa.field("logprob", pa.float32()),
        pa.field("source_tokens", pa.int32()),
        pa.field("target_tokens", pa.int32()),
        pa.field("hit_limit", pa.bool_()),
        pa.field("origin", pa.string()),  # `machine` or `human`
        pa.field("provenance", pa.string()),  # of a correction: file, checksum, who, as JSON
    ]
)
# Of an engine that keeps several translations of a text: those that were whole, the entry's text first, then the next
# best. Files without any lack the column, as those of earlier versions do.
HYPOTHESIS = pa.struct(
    [
        pa.field("text", pa.string()),
        pa.field("logprob", pa.float32()),  # mean natural log-probability of a token, end token included
        pa.field("reverse", pa.float32()),  # that of the request, given the text; null where it was not scored
        pa.field("target_tokens", pa.int32()),  # end token included
        pa.field("place", pa.int32()),  # among the engine's translations, from 0
    ]
)
HYPOTHESES = pa.field("hypotheses", pa.list_(HYPOTHESIS))
FAILED = "failed:"
HUMAN = "human"
DIRECTION = ["source_lang", "target_lang"]
REQUEST = [*DIRECTION, "request"]


@dataclass(frozen=True, slots=True)
class Direction:
    """From one FLORES-200 language into another."""

    source_lang: str
    target_lang: str

    @property
    def back(self) -> Direction:
        """The opposite direction."""
        return Direction(self.target_lang, self.source_lang)

    def rows(self) -> pl.Expr:
        """Selects the direction's rows."""
        return (pl.col("source_lang") == self.source_lang) & (pl.col("target_lang") == self.target_lang)


def check_entries(entries: pa.Table) -> None:
    """Refuse entries that are neither a text nor a named failure.

    Raises:
        StoreError: One is not.
    """
    if not any(entries.schema.equals(schema) for schema in (MEMORY_SCHEMA, MEMORY_SCHEMA.append(HYPOTHESES))):
        msg = f"memory entries have another schema: {entries.schema}"
        raise StoreError(msg)
    text, failure = entries["text"], entries["failure"]
    # Arrow alone, as the driver does this for all workers: a query costs more than a small unit's rows.
    broken = {
        "is neither text nor failure": pc.equal(pc.is_null(text), pc.is_null(failure)),
        "is empty": pc.equal(pc.utf8_trim_whitespace(text), ""),
        "has no reason": pc.invert(pc.starts_with(failure, FAILED)),
    }
    for rule, rows in broken.items():
        if pc.any(rows).as_py():
            msg = f"memory entry {entries['key'].filter(rows)[0]} {rule}"
            raise StoreError(msg)
