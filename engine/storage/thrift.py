"""Thrift's compact protocol, in which Parquet writes its footer: enough to change some numbers in one.

Guarantees: what is read and written back unchanged has the same bytes, whatever fields it holds.
Source: Apache Thrift, doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
LONG_LIST = 15  # this size in a list's head says that the size follows

# A struct by field number, in the order read: (type, value). A value is a number (of a byte, a bool and a double: its
# bytes as they are), bytes, a `Struct`, or for a list (type of its elements, values).
Struct = dict[int, tuple[int, Any]]


class CompactReader:
    """Reads a struct from bytes.

    Args:
        data: The bytes.
        at: Where it begins.

    Attributes:
        at: Where the next one would begin.
    """

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at

    def struct(self) -> Struct:
        """The struct that begins here.

        Raises:
            ValueError: It is not one, or has a map, which Parquet does not.
        """
        found: Struct = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._number()
            kind = head & 15
            found[number] = (kind, None if kind in (TRUE, FALSE) else self._value(kind))
        return found

    def _byte(self) -> int:
        if self.at >= len(self._data):
            msg = "ends before its end"
            raise ValueError(msg)
        self.at += 1
        return self._data[self.at - 1]

    def _take(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self._data):
            msg = "ends before its end"
            raise ValueError(msg)
        return self._data[self.at - size : self.at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _value(self, kind: int) -> Any:
        match kind:
            case 4 | 5 | 6:
                return self._number()
            case 8:
                return self._take(self._varint())
            case 12:
                return self.struct()
            case 9 | 10:
                head = self._byte()
                size = head >> 4 if head >> 4 != LONG_LIST else self._varint()
                return head & 15, [self._value(head & 15) for _ in range(size)]
            case 1 | 2 | 3:  # bools are bytes in a list
                return self._take(1)
            case 7:
                return self._take(8)
        msg = f"has a value of the type {kind}"
        raise ValueError(msg)


def write_struct(struct: Struct) -> bytes:
    """The bytes of a struct."""
    out = bytearray()
    _struct(out, struct)
    return bytes(out)


def _struct(out: bytearray, struct: Struct) -> None:
    last = 0
    for number, (kind, value) in struct.items():
        if 0 < number - last < 16:
            out.append((number - last) << 4 | kind)
        else:
            out.append(kind)
            _number(out, number)
        last = number
        if kind not in (TRUE, FALSE):
            _value(out, kind, value)
    out.append(0)


def _varint(out: bytearray, value: int) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _number(out: bytearray, value: int) -> None:
    _varint(out, value << 1 if value >= 0 else (-value << 1) - 1)


def _value(out: bytearray, kind: int, value: Any) -> None:
    if kind in (I16, I32, I64):
        _number(out, value)
    elif kind == BINARY:
        _varint(out, len(value))
        out += value
    elif kind == STRUCT:
        _struct(out, value)
    elif kind in (LIST, SET):
        of, values = value
        if len(values) < LONG_LIST:
            out.append(len(values) << 4 | of)
        else:
            out.append(LONG_LIST << 4 | of)
            _varint(out, len(values))
        for one in values:
            _value(out, of, one)
    else:
        out += value
