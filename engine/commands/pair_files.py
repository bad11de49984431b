"""Files of pairs of texts: TSV, JSON lines or Parquet, read as a stream.

Guarantees: every row of a file is one `GivenPair`, in order; a row that cannot be judged names the reason, and what is
wrong with a file as a whole is one `InputError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.sources.jsonl import json_lines, json_object
from glotmill.engine.sources.parquet import plain_rows
from glotmill.engine.sources.shared.text_files import decoded, lines
from glotmill.engine.storage.readable import check_types
from glotmill.schemas.errors import InputError, RowError, one_line, shortened
from glotmill.schemas.languages import ENGLISH, registry

SOURCE, TARGET, LANG = COLUMNS = ("source", "target", "lang")
LONGEST_TEXT = 100_000  # characters of one text
ROWS_AT_ONCE = 1000  # of a Parquet file
WHAT = "a file of pairs"
Cells = tuple[Any, Any, Any]  # the values of the columns, whatever they are


@dataclass(frozen=True, slots=True)
class GivenPair:
    """A row of a file of pairs.

    Attributes:
        source: The English text, as the file has it; None where it has none.
        target: Its translation, likewise.
        lang: The translation's FLORES-200 code, likewise.
        failure: Why the pair cannot be judged; None where it can.
    """

    source: str | None
    target: str | None
    lang: str | None
    failure: str | None = None


def given_pairs(path: Path, lang: str | None) -> Iterator[GivenPair]:
    """The rows of a file, which must be readable before the first is taken.

    Args:
        path: ``.tsv`` (a head with the columns, or source, target and maybe lang in this order), ``.jsonl`` or
            ``.parquet``; the first two also as ``.gz``.
        lang: The language of the rows that state none.

    Raises:
        InputError: The file is missing, of another kind, damaged, or lacks a column.
    """
    kinds: dict[str, Callable[[Path, str | None], Iterator[Cells | GivenPair]]] = {
        ".tsv": _tsv, ".jsonl": _jsonl, ".parquet": _parquet,
    }  # fmt: skip
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if suffix not in kinds or (suffix, path.suffix) == (".parquet", ".gz"):
        msg = f"{path}: expected the name of a .tsv, .jsonl or .parquet file of pairs"
        raise InputError(msg)
    if not path.is_file():
        msg = f"{path}: no such file; name {WHAT}"
        raise InputError(msg)
    return (row if isinstance(row, GivenPair) else checked(*row, lang) for row in kinds[suffix](path, lang))


def checked(source: Any, target: Any, stated: Any, lang: str | None) -> GivenPair:
    """A pair, with the first reason why it cannot be judged.

    Args:
        source: The value of the column.
        target: Likewise.
        stated: Likewise, of the language.
        lang: The language where the row states none.
    """
    named = lang if stated is None or stated == "" else stated
    texts = [value if isinstance(value, str) and _whole(value) else None for value in (source, target, named)]
    return GivenPair(texts[0], texts[1], texts[2], _failure(source, target, named))


def _failure(source: Any, target: Any, lang: Any) -> str | None:
    for name, text in ((SOURCE, source), (TARGET, target)):
        if text is None or (isinstance(text, str) and not text.strip()):
            return f"missing_{name}"
        if not isinstance(text, str):
            return f"{name}_not_text"
        if not _whole(text):
            return "bad_unicode"
        if len(text) > LONGEST_TEXT:
            return f"{name}_too_long"
    if lang is None:
        return "missing_language"
    if lang == ENGLISH:
        return "source_language"
    return None if isinstance(lang, str) and lang in registry() else "unknown_language"


def _whole(text: str) -> bool:
    """Whether a text can be written as UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _tsv(path: Path, lang: str | None) -> Iterator[Cells | GivenPair]:
    numbered = lines(path, str(path))
    first = next(numbered, None)
    if first is None:
        return
    head = [] if isinstance(first[1], RowError) else decoded(first[1]).split("\t")
    named = {SOURCE, TARGET} <= set(head)
    columns = head if named else list(COLUMNS[: len(head)])
    if not named and len(head) not in (2, 3):
        msg = f"{path}: line 1 has {len(head)} columns; expected a head with source and target, or source TAB target"
        raise InputError(msg)
    _check_lang(path, columns, lang)
    places = {name: columns.index(name) for name in COLUMNS if name in columns}
    for _, line in numbered if named else chain([first], numbered):
        if isinstance(line, RowError):
            yield GivenPair(None, None, lang, line.reason)
            continue
        cells = decoded(line).split("\t")
        if len(cells) != len(columns):
            yield GivenPair(None, None, lang, "wrong_columns")
        else:
            yield _cells({name: cells[place] for name, place in places.items()})


def _jsonl(path: Path, lang: str | None) -> Iterator[Cells | GivenPair]:
    for _, line in json_lines(path, str(path)):
        try:
            if isinstance(line, RowError):
                raise line
            row = json_object(line)
        except RowError as error:
            yield GivenPair(None, None, lang, error.reason)
        else:
            yield _cells(row)


def _parquet(path: Path, lang: str | None) -> Iterator[Cells | GivenPair]:
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            present = [name for name in COLUMNS if name in schema.names]
            needed = [SOURCE, TARGET, *([LANG] if LANG in present else [])]
            check_types(schema, [pa.field(n, pa.string()) for n in needed], path, WHAT, "write it with such columns")
            _check_lang(path, present, lang)
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=present, use_threads=False):
                for row in plain_rows(batch):
                    if isinstance(row, RowError):
                        yield GivenPair(None, None, lang, row.reason)
                    else:
                        yield _cells(row)
    except (pa.ArrowException, OSError) as error:
        msg = f"{path}: not readable as Parquet: {shortened(one_line(error))}"
        raise InputError(msg) from None


def _cells(row: Mapping[str, Any]) -> Cells:
    return row.get(SOURCE), row.get(TARGET), row.get(LANG)


def _check_lang(path: Path, columns: list[str], lang: str | None) -> None:
    if lang is None and LANG not in columns:
        msg = f"{path}: no column lang: give --lang CODE, the language of all pairs"
        raise InputError(msg)
