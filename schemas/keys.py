"""The one place that hashes: identities, content hashes and memory keys.

Guarantees: an identity depends on where a row comes from and never on its text; a key depends on content and
never on where or when it was made; equal values give equal digests on every machine. All digests are the
first 32 hex digits of SHA-256 over canonical JSON (NFC strings, sorted keys, no spaces).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from unicodedata import is_normalized, normalize

import numpy as np
import orjson
import polars as pl
import polars_hash

DIGEST_CHARS = 32
KEY = "key"
ROWS_AT_ONCE = 65_536  # that are hashed together: of captions, some 400 bytes a row meanwhile
TEXT_AT_ONCE = 16 << 20  # bytes of text that are, by the mean of all rows: each text is copied several times meanwhile
# Columns whose values orjson writes as canonical JSON.
_SAME_JSON = (pl.String, pl.Boolean, pl.Int8, pl.Int16, pl.Int32, pl.Int64)
_TEXTS = pl.col(pl.String)
_ESCAPED = r'["\\\x00-\x1f]'  # what JSON does not hold as it is (RFC 8259, section 7)


def nfc(text: str) -> str:
    """The text in Unicode normal form C, the form in which everything is hashed and sent to an engine."""
    return text if text.isascii() else normalize("NFC", text)


def in_nfc(texts: pl.Series) -> pl.Series:
    """`nfc` of each text."""
    if is_normalized("NFC", texts.str.join("\n").item() or ""):  # a line break joins no character
        return texts
    return pl.Series(texts.name, [text and nfc(text) for text in texts], pl.String)


def _canonical(value: Any) -> Any:
    if isinstance(value, str):
        return nfc(value)
    if isinstance(value, dict):
        return {nfc(str(k)): _canonical(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(v) for v in value]
    if isinstance(value, set | frozenset):
        return sorted(_canonical(v) for v in value)
    if value is None or isinstance(value, bool | int | float):
        return value
    msg = f"cannot hash a {type(value).__name__}"
    raise TypeError(msg)


def canonical_json(value: Any) -> bytes:
    """The bytes that stand for a value of plain types: NFC, sorted keys, no spaces, UTF-8, no NaN."""
    try:
        text = _dumped(value)
        if is_normalized("NFC", text):  # then so is every string in it
            return text.encode()
    except TypeError:  # a set, or what cannot be hashed at all
        pass
    return _dumped(_canonical(value)).encode()


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_rows(name: str, rows: pl.DataFrame) -> bytes:
    """`canonical_json` of a name and the rows of a frame, whose columns are texts, numbers and truth values."""
    [data] = canonical_parts(name, rows, [range(rows.height)])
    return data


def canonical_parts(name: str, rows: pl.DataFrame, parts: Iterable[Sequence[int]]) -> list[bytes]:
    """`canonical_rows` of several choices of rows, which are given by their places, in order."""
    values = rows.rows()
    floats = [column.drop_nulls().abs() for column in rows if column.dtype.is_float()]
    # orjson writes 1e-5 for 1e-05, and refuses no NaN; numbers between these it writes as Python does.
    usual = all(((column == 0) | column.is_between(1e-4, 1e15)).all() for column in floats)
    return [_named_rows([name, [values[place] for place in part]], usual=usual) for part in parts]


def _named_rows(value: list[Any], *, usual: bool) -> bytes:
    if usual:
        data = orjson.dumps(value)
        if data.isascii() or is_normalized("NFC", data.decode()):
            return data
    return canonical_json(value)


def digest(value: Any) -> str:
    """32 hex digits that identify a value of plain types."""
    return hashlib.sha256(canonical_json(value)).hexdigest()[:DIGEST_CHARS]


def _row_digest(value: list[Any]) -> str:
    """`digest` of nested lists of texts, whole numbers and nulls, which orjson writes as canonical JSON, too."""
    data = orjson.dumps(value)
    if data.isascii() or is_normalized("NFC", data.decode()):
        return hashlib.sha256(data).hexdigest()[:DIGEST_CHARS]
    return digest(value)


def file_sha256(path: Path) -> str:
    """64 hex digits of a file's bytes, read as a stream."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bytes_sha256(data: bytes) -> str:
    """64 hex digits of bytes."""
    return hashlib.sha256(data).hexdigest()


def source_id(dataset: str, config: str, split: str, row_id: str) -> str:
    """The identity of an English sample: where it comes from, nothing of its text or revision."""
    return "s1:" + _row_digest([dataset, config, split, row_id])


def source_hash(
    messages: Sequence[tuple[str, str]],
    choices: Sequence[str] | None,
    answer_index: int | None,
    answers: Sequence[str] | None,
    image_ids: Sequence[str],
) -> str:
    """The change detector of a sample: everything of it that ends up in a record."""
    return _row_digest([messages, choices, answer_index, answers, image_ids])


def content_row_id(source_hash: str) -> str:
    """The row id of a sample whose source has none: its content, and so another one when that changes."""
    return "content:" + source_hash


def derived_id(parent: str, name: str, part: str) -> str:
    """The identity of a row made out of another.

    Args:
        parent: Source id of the row it is made from; the image's id where it is made from all rows of an image.
        name: Name of the derivation in the recipe.
        part: Which of several rows made from the same parent.
    """
    return "s1:" + digest(["derived", parent, name, part])


def record_id(source_id: str, lang: str, task: str, variant: str = "") -> str:
    """The identity of a published record; it survives a new translation."""
    return "r1:" + _row_digest([source_id, lang, task, variant])


def content_hash(
    messages: Sequence[tuple[str, str]], choices: Sequence[str] | None, answers: Sequence[str] | None
) -> str:
    """The change detector of a record's target text."""
    return _row_digest([messages, choices, answers])


def image_id(uri: str) -> str:
    """The identity of an image whose bytes were not seen."""
    return "uri:" + hashlib.sha256(nfc(uri).encode()).hexdigest()


def memory_key(translator: str, source_lang: str, target_lang: str, request: str) -> str:
    """The memory key of one request: every byte that the engine is shown."""
    return _row_digest([translator, source_lang, target_lang, request])


def memory_keys(translator: str, source_lang: str, target_lang: str, requests: pl.Series) -> pl.Series:
    """The memory key of each request to one translator in one direction.

    Args:
        translator: The translator's fingerprint.
        source_lang: FLORES-200 code of the requests.
        target_lang: FLORES-200 code asked for.
        requests: Every byte that the engine is shown, for each request.
    """
    head = canonical_json([translator, source_lang, target_lang])[:-1] + b","
    return _column_digests(head, requests.cast(pl.String).to_frame("request"), "]")


def score_keys(scorer: str, pairs: pl.DataFrame) -> pl.Series:
    """The score key of each pair.

    Args:
        scorer: The scorer's fingerprint.
        pairs: What decides its values: languages, texts and whatever else it reads, each a column.
    """
    names = pairs.columns
    if not all(kind in _SAME_JSON for kind in pairs.dtypes):
        return pl.Series(KEY, [digest([scorer, names, list(row)]) for row in pairs.iter_rows()], dtype=pl.String)
    return _column_digests(canonical_json([scorer, names])[:-1] + b",[", pairs, "]]")


def _column_digests(head: bytes, rows: pl.DataFrame, tail: str) -> pl.Series:
    """`digest` of each row: of its head, the canonical JSON of its values with commas between them, and its tail."""
    size = sum(size or 0 for sizes in rows.select(_TEXTS.str.len_bytes().sum()).rows() for size in sizes)
    at_once = max(1, min(ROWS_AT_ONCE, TEXT_AT_ONCE * rows.height // max(1, size)))
    parts = [_slice_digests(head.decode(), part, tail) for part in rows.iter_slices(at_once)]
    return pl.concat(parts) if parts else pl.Series(KEY, dtype=pl.String)


def _slice_digests(head: str, rows: pl.DataFrame, tail: str) -> pl.Series:
    joined = rows.select(_TEXTS.str.join("\n")).rows()  # a line break joins no character
    if not all(is_normalized("NFC", text or "") for row in joined for text in row):
        rows = rows.with_columns(in_nfc(rows[name]) for name, kind in rows.schema.items() if kind == pl.String)
    escaped = pl.any_horizontal(_TEXTS.str.contains(_ESCAPED), pl.lit(value=False))
    found = rows.select(key=_json_of(rows, head, tail), escaped=escaped)
    keys = found.select(polars_hash.col(KEY).chash.sha2_256().str.head(DIGEST_CHARS))[KEY]
    places = found["escaped"].arg_true()  # few: to write what JSON escapes takes Polars longer than all else
    written = [f"{head}{','.join(map(_dumped, row))}{tail}" for row in rows[places].iter_rows()]
    return keys.scatter(places, [bytes_sha256(text.encode())[:DIGEST_CHARS] for text in written]) if written else keys


def _json_of(rows: pl.DataFrame, head: str, tail: str) -> pl.Expr:
    """The JSON of the values of each row between a head and a tail, where nothing has to be escaped."""
    parts: list[pl.Expr] = []
    before = head
    for column in rows:
        value = pl.col(column.name)
        if column.dtype == pl.String and not column.null_count():
            parts += [pl.lit(before + '"'), value]
            before = '",'
        else:
            written = pl.format('"{}"', value) if column.dtype == pl.String else value.cast(pl.String)
            parts += [pl.lit(before), written.fill_null("null")]
            before = ","
    return pl.concat_str(*parts, pl.lit(before.removesuffix(",") + tail))


def ranks(seed: int, source_ids: pl.Series) -> pl.Series:
    """The rank (UInt64) of each row in an order that the seed decides: hash(seed, source_id), a column at a time.

    A source id is itself a digest, so its first 64 bits mixed with those of the seed (splitmix64) are as good as
    hashing both again, and take no Python call a row.
    """
    salt = np.uint64(int(digest(["rank", seed])[:16], 16))
    z = source_ids.str.slice(3, 16).str.to_integer(base=16, dtype=pl.UInt64).to_numpy() ^ salt
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return pl.Series("rank", z ^ (z >> np.uint64(31)), dtype=pl.UInt64)


def draw(*parts: Any) -> float:
    """A number from 0 (included) to 1 (not) that depends on these values and nothing else."""
    return int(digest(list(parts))[:13], 16) / 16**13
