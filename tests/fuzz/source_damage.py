"""What a source file, or a file that a recipe names beside it, may be like instead of sound."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.fuzz.damage import change_column

TEXTS = (
    "", " ", "\n", "\x00", "\ud800", "\u202eabc", "a\tb", "<image>", "<image> <image>\nWhat?", "<b>bold", "{question}",
    "<|endoftext|>", "…", "42", "https://x.org/a?b=c", "Ünï", "e\u0301" * 40, "🐕‍🦺", "ห" * 200, "。" * 50, "'", '"',
    "\r\n", "\x1b[31m", "\ufeff", "\ufffd", "A. B. C.", "null", "nan", "-", "a" * 300, "x.jpg", "../x.jpg",
    "file:///etc/passwd", "data:image/png;base64,AAAA", "zip://a.jpg::b.zip",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, 0, -1, 3, 2**63, 10**40, 1.5, -0.0, 1e308, float("nan"), float("inf"), [], {}, [None], [[]],
    ["a", 1, None], {"a": None}, {"bytes": "x"}, ["", ""], [{"role": "user"}], [{"from": 1, "value": None}],
    [{"role": "user", "content": "x"}] * 50,
)  # fmt: skip
JUNK = (
    b"", b"\x00" * 99, b"\xff\xfea\x00", b"\xef\xbb\xbf", b"{", b"[", b"null", b"[]", b"{}", b'"a"', b"1", b"\n\n\n",
    b"PAR1", b"PAR1PAR1", b"\x1f\x8b", b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"BZh9", b"\x28\xb5\x2f\xfd", b"<html>",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", b"[" * 100_000, b'{"a":' * 50_000, b"\r\r",
)  # fmt: skip
GIANT = 3_000_000
ODD_NAMES = (
    b"\xff.jpg",
    b"a\nb.jpg",
    b" .jpg",
    b"x" * 251 + b".jpg",
    "\u202e.jpg".encode(),
    b".jpg",
    b"-.jpg",
    b"a b.jpg",
)


def cut(file: Path, rng: random.Random) -> str:
    data = file.read_bytes()
    size = rng.randrange(len(data) + 1)
    file.write_bytes(data[:size])
    return f"cut to {size} bytes"


def junk(file: Path, rng: random.Random) -> str:
    data = rng.choice(JUNK)
    file.write_bytes(data)
    return f"replaced by {data[:20]!r}"


def mix_in(file: Path, rng: random.Random) -> str:
    """Junk at one place, or a few bytes that are others."""
    data = bytearray(file.read_bytes())
    at = rng.randrange(len(data) + 1)
    if rng.random() < 0.5:
        added = rng.choice((*JUNK[:20], bytes([rng.randrange(256)]) * 3))
        data[at:at] = added
        said = f"{added[:20]!r} put in at {at}"
    else:
        for _ in range(min(len(data), 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        said = "4 bytes changed"
    file.write_bytes(data)
    return said


def encode(file: Path, rng: random.Random) -> str:
    """Another encoding, or two of them in one file; other ends of lines."""
    text = file.read_bytes().decode("utf-8", "replace")
    match rng.randrange(6):
        case 0 | 1:
            name = rng.choice(("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-7"))
            file.write_bytes(text.encode(name))
            return f"in {name}"
        case 2:
            half = len(text) // 2
            file.write_bytes(text[:half].encode() + (text[half:] + "é").encode("utf-16-le"))
            return "half in UTF-16"
        case 3:
            file.write_bytes(text.replace("a", "é").encode("latin-1", "replace"))
            return "in Latin-1"
        case 4:
            file.write_bytes(text.replace("\n", "\r").encode())
            return "with carriage returns"
        case _:
            file.write_bytes(re.sub(r"(?m)$", "\r", text).encode())
            return "with more carriage returns"


def pack(file: Path, rng: random.Random) -> str:
    """Gzip, sound or not."""
    data = file.read_bytes()
    match rng.randrange(6):
        case 0:
            data, said = gzip.compress(data), "packed"
        case 1:
            data, said = gzip.compress(gzip.compress(data)), "packed twice"
        case 2:
            data, said = gzip.compress(data)[:-4], "packed and cut"
        case 3:
            data, said = gzip.compress(data) + b"junk behind", "packed, with junk behind"
        case 4:
            data, said = gzip.compress(data) + gzip.compress(data), "packed in two members"
        case _:
            data, said = gzip.compress(b"[" + b" " * 30_000_000), "a bomb"
    file.write_bytes(data)
    return said


def replace(file: Path, rng: random.Random) -> str:
    """No regular file at all."""
    file.unlink()
    match rng.randrange(6):
        case 0:
            file.mkdir()
            return "a folder"
        case 1:
            os.mkfifo(file)
            return "a pipe"
        case 2:
            file.symlink_to("/dev/zero")
            return "a link to /dev/zero"
        case 3:
            file.symlink_to(file.name)
            return "a loop"
        case 4:
            file.symlink_to("/proc/self/mem")
            return "a link to /proc/self/mem"
        case _:
            return "gone"


def change_json(file: Path, rng: random.Random) -> str:
    """Other values in JSON or JSON lines, and JSON that is none for some readers."""
    try:
        text = file.read_text()
        lined = file.suffix == ".jsonl"
        content: Any = [json.loads(line) for line in text.splitlines()] if lined else json.loads(text)
    except (ValueError, OSError, RecursionError):
        return mix_in(file, rng)
    said = []
    for _ in range(rng.choice((1, 1, 2, 5))):
        found = _places(content)
        if not found:
            break
        node, key = rng.choice(found)
        match rng.randrange(7):
            case 0:
                del node[key]
                said.append(f"{key!r} removed")
            case 1 if isinstance(node, dict):
                node[rng.choice(("", "id", "image", "caption", "a.b", "x" * 300, "\ud800"))] = node.pop(key)
                said.append(f"{key!r} renamed")
            case 2 if isinstance(node[key], list):
                node[key] = node[key] * rng.choice((0, 2, 300))
                said.append(f"{key!r} repeated")
            case 3 | 4:
                node[key] = deepcopy(rng.choice(OTHERS))  # a shared one could come to hold itself
                said.append(f"{key!r} is {str(node[key])[:40]}")
            case _:
                node[key] = rng.choice(TEXTS)
                said.append(f"{key!r} is {node[key][:40]!r}")
    written = "".join(json.dumps(row) + "\n" for row in content) if lined else json.dumps(content)
    if rng.random() < 0.3:
        written, what = _odd_json(written, rng)
        said.append(what)
    file.write_text(written)
    return ", ".join(said)


def _odd_json(text: str, rng: random.Random) -> tuple[str, str]:
    """The JSON with something odd in the place of a value."""
    odd = rng.choice((
        '"a", "caption": "b"', '"a", "id": "c0"', "1" * 5000, "1e999", "-0", "01", "0x1", "'a'", "NaN", "undefined",
        '"\\ud800"', '"\\u0000"', '"\\x"',
        "[" * 2000 + "]" * 2000, '{"a":' * 500 + "1" + "}" * 500, "/* */ 1", '"a" "b"', ",",
        '"' + "A dog runs " * (GIANT // 11) + '"', '"' + "x" * GIANT + '"', "1" * GIANT,
    ))  # fmt: skip
    values = list(re.finditer(r'(?<=: )("(?:[^"\\]|\\.)*"|-?\d+)', text))
    if not values:
        return text + odd, f"{odd[:20]} behind"
    chosen = rng.choice(values)
    return text[: chosen.start()] + odd + text[chosen.end() :], f"a value is {odd[:20]}"


def change_table(file: Path, rng: random.Random) -> str:
    """Other cells in tab- or comma-separated text, and other counts of them."""
    mark = "," if file.suffix == ".csv" else "\t"
    rows = [line.split(mark) for line in file.read_text(errors="replace").splitlines()] or [[""]]
    at = rng.choice((0, rng.randrange(len(rows))))
    match rng.randrange(7):
        case 0:
            rows[at] = rows[at][:-1]
            said = "a cell less"
        case 1:
            rows[at] += ["more"] * rng.choice((1, 5000))
            said = "cells more"
        case 2:
            rows[at][rng.randrange(len(rows[at]))] = rng.choice(
                ('"', '"a', 'a"b', '""', '"a\nb"', "'", mark * 3, "#", "")
            )
            said = "quotes"
        case 3:
            rows[at][rng.randrange(len(rows[at]))] = rng.choice(("x" * 200_000, "A dog " * (GIANT // 6)))
            said = "a giant cell"
        case 4:
            rows[0] = rows[0][:1] * len(rows[0])
            said = "one header twice"
        case 5:
            rows += rows
            said = "all rows twice"
        case _:
            text = rng.choice((*TEXTS, "1e400", "-1", "nan", "deu_Latn", "xxx_Xxxx"))
            rows[at][rng.randrange(len(rows[at]))] = text.encode("utf-8", "replace").decode()
            said = f"a cell is {text[:20]!r}"
    file.write_text("".join(mark.join(row) + "\n" for row in rows))
    return f"row {at}: {said}"


def change_parquet(file: Path, rng: random.Random) -> str:
    return change_column(file.parent, file, rng)


def change_pictures(folder: Path, rng: random.Random) -> str:
    """Other files, names and kinds of files in a folder of pictures."""
    pictures = sorted(path for path in folder.glob("*.jpg") if path.is_file() and not path.is_symlink())
    if not pictures:  # damaged before
        return "as it is"
    chosen = rng.choice(pictures)
    match rng.randrange(5):
        case 0:
            name = rng.choice(ODD_NAMES)
            os.rename(chosen, os.path.join(os.fsencode(folder), name))  # noqa: PTH104, PTH118 - no text
            return f"{chosen.name} is called {name[:20]!r}"
        case 1:
            return f"{chosen.name} {replace(chosen, rng)}"
        case 2:
            for picture in pictures:
                picture.unlink()
            return "no pictures"
        case 3:
            (folder / "inner").mkdir(exist_ok=True)
            shutil.copy(chosen, folder / "inner" / chosen.name)
            return "a folder in it"
        case _:
            return f"{chosen.name} {rng.choice((cut, junk, mix_in))(chosen, rng)}"


def damage(file: Path, rng: random.Random) -> str:
    """Damage a file or a folder of pictures in one way; what was done, in words."""
    if file.is_dir():
        files = sorted(path for path in file.iterdir() if path.suffix != ".jpg")
        if not files or rng.random() < 0.5:
            return f"{file.name}: {change_pictures(file, rng)}"
        file = rng.choice(files)
    if file.is_symlink() or not file.is_file():  # damaged before
        return f"{file.name} as it is"
    own: dict[str, Callable[[Path, random.Random], str]] = {
        ".json": change_json, ".jsonl": change_json, ".tsv": change_table, ".csv": change_table, ".txt": change_table,
        ".parquet": change_parquet,
    }  # fmt: skip
    anything = (cut, junk, mix_in, encode, pack, replace)
    way = own.get(file.suffix, mix_in) if rng.random() < 0.6 else rng.choice(anything)
    return f"{file.name}: {way(file, rng)}"


def _places(content: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as (what holds it, its key), however deep an earlier damage nested it."""
    found: list[tuple[Any, Any]] = []
    waiting = [content]
    while waiting:
        holder = waiting.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, child in items:
            found.append((holder, key))
            waiting.append(child)
    return found
