"""A struct in Thrift's compact protocol, in which Parquet writes its footer: read it, change some numbers, write it.

Guarantees: what is read and written back unchanged has the same bytes, whatever fields it holds.
"""

from __future__ import annotations

from typing import Any

from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.protocol.TProtocol import TProtocolException
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

# A struct by field number, in the order read: (type, value). A value is a number, a bool, bytes, a `Struct`, or for a
# list (type of its elements, values).
Struct = dict[int, tuple[int, Any]]

_READ = {
    TType.BOOL: "readBool", TType.BYTE: "readByte", TType.I16: "readI16", TType.I32: "readI32", TType.I64: "readI64",
    TType.DOUBLE: "readDouble", TType.STRING: "readBinary",
}  # fmt: skip
_WRITE = {kind: name.replace("read", "write") for kind, name in _READ.items()}


def read_struct(data: bytes) -> Struct:
    """The struct that bytes begin with.

    Raises:
        ValueError: It is not one, is nested too deeply, or has a map or a set, which Parquet does not.
    """
    try:
        return _struct(TCompactProtocol(TMemoryBuffer(data)))
    except EOFError:
        msg = "truncated"
        raise ValueError(msg) from None
    except (TProtocolException, AssertionError, KeyError, RecursionError) as error:  # how the library refuses
        msg = f"not Thrift's compact protocol ({type(error).__name__})"
        raise ValueError(msg) from None


def _struct(protocol: Any) -> Struct:
    found: Struct = {}
    protocol.readStructBegin()
    while True:
        _, kind, number = protocol.readFieldBegin()
        if kind == TType.STOP:
            break
        found[number] = (kind, _value(protocol, kind))
        protocol.readFieldEnd()
    protocol.readStructEnd()
    return found


def _value(protocol: Any, kind: int) -> Any:
    if kind == TType.STRUCT:
        return _struct(protocol)
    if kind == TType.LIST:
        of, size = protocol.readListBegin()
        values = [_value(protocol, of) for _ in range(size)]
        protocol.readListEnd()
        return of, values
    if kind not in _READ:
        msg = f"has a value of the type {kind}"
        raise ValueError(msg)
    return getattr(protocol, _READ[kind])()


def write_struct(struct: Struct) -> bytes:
    """The bytes of a struct."""
    buffer = TMemoryBuffer()
    _put_struct(TCompactProtocol(buffer), struct)
    return bytes(buffer.getvalue())


def _put_struct(protocol: Any, struct: Struct) -> None:
    protocol.writeStructBegin("")
    for number, (kind, value) in struct.items():
        protocol.writeFieldBegin("", kind, number)
        _put_value(protocol, kind, value)
        protocol.writeFieldEnd()
    protocol.writeFieldStop()
    protocol.writeStructEnd()


def _put_value(protocol: Any, kind: int, value: Any) -> None:
    if kind == TType.STRUCT:
        _put_struct(protocol, value)
    elif kind == TType.LIST:
        of, values = value
        protocol.writeListBegin(of, len(values))
        for one in values:
            _put_value(protocol, of, one)
        protocol.writeListEnd()
    else:
        getattr(protocol, _WRITE[kind])(value)
