"""A CTranslate2 model with fewer output tokens: the decoder's embedding and projection keep some rows, all else stays.

The projection onto the vocabulary is computed for every token of every hypothesis; of NLLB-600M's decoder it is 60 %.
The cut model lives in memory alone: CTranslate2 loads it from bytes, and nothing is written to disk.

Format of ``model.bin`` (CTranslate2 4, version 6): ``uint32 version; string name; uint32 revision; uint32 n; n ×
(string name, uint8 rank, uint32 dimensions…, uint8 type, uint32 bytes, data); uint32 m; m × (string alias, string
name)``. A string is ``uint16 length with the final NUL, bytes, NUL``.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

VERSION = 6
ENCODER, DECODER, PROJECTION = "encoder/embeddings_0", "decoder/embeddings", "decoder/projection"
WEIGHT, SCALE, BIAS = "/weight", "/weight_scale", "/bias"
MULTIPLE = 16  # rows of a projection; CTranslate2 pads other numbers, on a GPU with a copy for each replica

Ids = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Variable:
    """One array of a model.

    Attributes:
        shape: Its dimensions; empty for a number.
        type: CTranslate2's number of its data type.
        data: Its bytes, row by row.
    """

    shape: tuple[int, ...]
    type: int
    data: memoryview | bytes

    def rows(self, ids: Ids) -> Variable:
        """Some of its rows."""
        table = np.frombuffer(self.data, np.uint8).reshape(self.shape[0], -1)
        return Variable((len(ids), *self.shape[1:]), self.type, np.ascontiguousarray(table[ids]).data.cast("B"))


@dataclass(frozen=True, slots=True)
class Ct2Weights:
    """The content of a ``model.bin``.

    Attributes:
        name: The architecture.
        revision: Of the architecture.
        variables: By name.
        aliases: Further names; the scale of a variable follows its alias by itself.
    """

    name: str
    revision: int
    variables: Mapping[str, Variable]
    aliases: Mapping[str, str]

    @classmethod
    def read(cls, data: memoryview | bytes) -> Ct2Weights:
        """Read a file's bytes; the variables are views of them.

        Raises:
            ValueError: They are no model of the format that is known here.
        """
        try:
            return cls._read(_Reader(memoryview(data)))
        except (struct.error, UnicodeDecodeError) as error:
            msg = f"model.bin ends early or is no CTranslate2 model: {error}"
            raise ValueError(msg) from None

    @classmethod
    def _read(cls, reader: _Reader) -> Ct2Weights:
        version = reader.number("I")
        if version != VERSION:
            msg = f"model.bin has format version {version}, expected {VERSION}"
            raise ValueError(msg)
        name, revision = reader.text(), reader.number("I")
        variables = {}
        for _ in range(reader.number("I")):
            key = reader.text()
            shape = tuple(reader.number("I") for _ in range(reader.number("B")))
            kind = reader.number("B")
            variables[key] = Variable(shape, kind, reader.take(reader.number("I")))
        aliases = {reader.text(): reader.text() for _ in range(reader.number("I"))}
        return cls(name, revision, variables, aliases)

    def to_bytes(self) -> bytes:
        """The file."""
        return b"".join(self._parts())

    def _parts(self) -> Iterator[bytes | memoryview]:
        yield struct.pack("<I", VERSION) + _text(self.name) + struct.pack("<II", self.revision, len(self.variables))
        for key, variable in sorted(self.variables.items()):
            head = struct.pack(f"<B{len(variable.shape)}I", len(variable.shape), *variable.shape)
            yield _text(key) + head + struct.pack("<BI", variable.type, len(variable.data))
            yield variable.data
        yield struct.pack("<I", len(self.aliases))
        for alias, name in sorted(self.aliases.items()):
            yield _text(alias) + _text(name)

    def root(self, name: str) -> str:
        """The variable that a name means.

        Raises:
            ValueError: There is none.
        """
        found = self.aliases.get(name, name)
        if found not in self.variables:
            msg = f"model.bin has no {name}: expected an encoder and a decoder with embeddings"
            raise ValueError(msg)
        return found

    def with_output(self, ids: Ids) -> Ct2Weights:
        """The model whose decoder knows some tokens only; its encoder knows all of them.

        Args:
            ids: The tokens to keep, ascending.

        Raises:
            ValueError: The model is no encoder and decoder with embeddings.
        """
        roots = {part: self.root(part + WEIGHT) for part in (ENCODER, DECODER, PROJECTION)}
        rest = {key: one for key, one in self.variables.items() if not self._of_tables(key, roots)}
        aliases = {alias: name for alias, name in self.aliases.items() if name not in roots.values()}
        rest |= self._table(ENCODER, roots[ENCODER])
        rest |= {key: _cut(one, ids) for key, one in self._table(DECODER, roots[DECODER]).items()}
        if roots[PROJECTION] == roots[DECODER]:
            aliases[PROJECTION + WEIGHT] = DECODER + WEIGHT
        else:
            rest |= {key: _cut(one, ids) for key, one in self._table(PROJECTION, roots[PROJECTION]).items()}
        if bias := self.variables.get(PROJECTION + BIAS):
            rest[PROJECTION + BIAS] = _cut(bias, ids)
        return replace(self, variables=rest, aliases=aliases)

    @staticmethod
    def _of_tables(key: str, roots: Mapping[str, str]) -> bool:
        return key.removesuffix("_scale") in roots.values()

    def _table(self, part: str, root: str) -> dict[str, Variable]:
        """A table of embeddings under the name of its part, with its scales where it is quantised."""
        found = {part + WEIGHT: self.variables[root]}
        if scale := self.variables.get(root + "_scale"):
            found[part + SCALE] = scale
        return found


def _cut(variable: Variable, ids: Ids) -> Variable:
    """Its rows; one number for all of them stays."""
    return variable.rows(ids) if variable.shape else variable


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from("<" + form, self._data, self._at)
        self._at += struct.calcsize("<" + form)
        return int(value)

    def take(self, size: int) -> memoryview:
        found = self._data[self._at : self._at + size]
        if len(found) != size:
            msg = f"{size} bytes were expected, {len(found)} are left"
            raise struct.error(msg)
        self._at += size
        return found

    def text(self) -> str:
        return bytes(self.take(self.number("H"))[:-1]).decode()


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<H", len(data) + 1) + data + b"\0"


def token_rows(folder: Path) -> int | None:
    """How many tokens a converted model has embeddings for, of its two tables the smaller one.

    None where ``model.bin`` is not of the format that is known here: CTranslate2 reads older ones too, and says by
    itself what it cannot read.

    Raises:
        OSError: It cannot be read.
    """
    try:
        weights = Ct2Weights.read(np.memmap(folder / "model.bin", np.uint8, "r").data)
        tables = [weights.variables[weights.root(part + WEIGHT)] for part in (ENCODER, DECODER)]
        return min(rows for table in tables for rows in table.shape[:1])
    except ValueError:
        return None


def padded(ids: Ids, size: int) -> Ids:
    """Tokens to keep with the first others, up to a `MULTIPLE` or to all of the `size` that the model has."""
    wanted = min(size, -(-len(ids) // MULTIPLE) * MULTIPLE)
    others = np.setdiff1d(np.arange(size, dtype=np.uint32), ids, assume_unique=True)
    return np.sort(np.concatenate([ids, others[: wanted - len(ids)]]))


def cut_files(folder: Path, ids: Ids) -> dict[str, bytes]:
    """The files of a converted model with some output tokens, as ``ctranslate2.Translator`` takes them.

    Args:
        folder: The converted model.
        ids: The tokens to keep, ascending; more are kept up to a `MULTIPLE`.

    Raises:
        ValueError: It is no model that can be cut.
        OSError: It cannot be read.
    """
    tokens: list[Any] = json.loads((folder / "shared_vocabulary.json").read_text(encoding="utf-8"))
    kept = padded(ids, len(tokens))
    weights = np.memmap(folder / "model.bin", np.uint8, "r")  # read as it is copied: the file may be larger than memory
    return {
        "model.bin": Ct2Weights.read(weights.data).with_output(kept).to_bytes(),
        "config.json": (folder / "config.json").read_bytes(),
        "source_vocabulary.json": json.dumps(tokens).encode(),
        "target_vocabulary.json": json.dumps([tokens[i] for i in kept]).encode(),
    }
