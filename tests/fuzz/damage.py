"""What may have happened to a file of a build or of a published folder before a command meets it.

Every way of damage takes a root and a file below it. Files whose checksums a manifest names can be signed again, as a
stranger would who made the folder: otherwise only checksums would be tested.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

JUNK = (
    b"junk", b"\x00" * 64, b"\xff\xfe\x80junk", b"[]", b"null", b"{}", b"0", b'"text"', b"[null]", b"[" * 5000, b"\n\n",
    b'{"a": 1', b"PAR1", b"PAR1" + b"\x00" * 30 + b"PAR1", b"- a\n- b\n", b"&a [*a]", b"a: b: c", b"\xc3",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 3, 10**12, 2**63, 1.5, -1e300, "", "x", "é\ud7ff", "../../outside",
    "data/deu_Latn/train-00000.parquet",
    "\x00", "long" * 2000, [], [None], ["x"], [[]], [{"a": None}], {}, {"a": None}, {"": {}}, {"keep": 1},
)  # fmt: skip
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OSError, RecursionError)
TYPES = (
    pa.int32(), pa.float64(), pa.string(), pa.bool_(), pa.binary(), pa.null(), pa.list_(pa.int8()),
    pa.list_(pa.string()), pa.struct([("a", pa.int8())]), pa.timestamp("us"), pa.dictionary(pa.int8(), pa.string()),
)  # fmt: skip


def truncate(root: Path, file: Path, rng: random.Random) -> str:
    data = file.read_bytes()
    size = rng.choice((1, len(data) // 2, max(0, len(data) - 1), max(0, len(data) - 8)))
    file.write_bytes(data[:size])
    return f"cut to {size} bytes"


def empty(root: Path, file: Path, rng: random.Random) -> str:
    file.write_bytes(b"")
    return "emptied"


def junk(root: Path, file: Path, rng: random.Random) -> str:
    data = rng.choice(JUNK)
    file.write_bytes(data)
    return f"replaced by {data[:30]!r}" + _maybe_signed(root, rng)


def flip(root: Path, file: Path, rng: random.Random) -> str:
    data = bytearray(file.read_bytes())
    for _ in range(min(len(data), 3)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    file.write_bytes(data)
    return "3 bytes changed" + _maybe_signed(root, rng)


def swap(root: Path, file: Path, rng: random.Random) -> str:
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink() and path != file)
    other = rng.choice([path for path in files if path.suffix == file.suffix] or files)
    data = file.read_bytes()
    file.write_bytes(other.read_bytes())
    other.write_bytes(data)
    return f"swapped with {other.relative_to(root)}" + _maybe_signed(root, rng)


def delete(root: Path, file: Path, rng: random.Random) -> str:
    file.unlink()
    return "deleted"


def folder(root: Path, file: Path, rng: random.Random) -> str:
    file.unlink()
    file.mkdir()
    if rng.random() < 0.5:
        (file / "inside").write_bytes(b"x")
    return "replaced by a folder"


def link(root: Path, file: Path, rng: random.Random) -> str:
    target = rng.choice((file.name, "nowhere", "/dev/null", ".."))
    file.unlink()
    file.symlink_to(target)
    return f"replaced by a link to {target}"


def parent(root: Path, file: Path, rng: random.Random) -> str:
    above = file.parent
    if above == root:
        return delete(root, file, rng)
    shutil.rmtree(above)
    how = rng.choice(("gone", "a file", "a loop"))
    if how == "a file":
        above.write_bytes(b"x")
    elif how == "a loop":
        above.symlink_to(above.name)
    return f"its folder {how}"


def change_value(root: Path, file: Path, rng: random.Random) -> str:
    """Change one value, or key, anywhere in JSON, JSON lines or YAML."""
    try:
        text = file.read_text()
        if file.suffix == ".jsonl":
            lines = text.splitlines()
            at = rng.randrange(len(lines))
            value, said = _changed(json.loads(lines[at]), rng)
            lines[at] = json.dumps(value)
            file.write_text("\n".join(lines) + "\n")
        elif file.suffix == ".yaml":
            value, said = _changed(yaml.safe_load(text), rng)
            file.write_text(yaml.safe_dump(value, sort_keys=False))
        elif file.suffix == ".md":
            head, body = text.removeprefix("---\n").split("\n---\n", 1)
            value, said = _changed(yaml.safe_load(head), rng)
            file.write_text(f"---\n{yaml.safe_dump(value, sort_keys=False)}\n---\n{body}")
        else:
            value, said = _changed(json.loads(text), rng)
            file.write_text(json.dumps(value))
    except (*UNREADABLE, yaml.YAMLError):  # damaged before
        return junk(root, file, rng)
    return said + _maybe_signed(root, rng, 0.9)


def _changed(value: Any, rng: random.Random) -> tuple[Any, str]:
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in items:
            places.append((node, key))
            walk(child)

    walk(value)
    new = rng.choice(VALUES)
    if not places or rng.random() < 0.02:
        return new, f"all of it is {json.dumps(new)[:40]}"
    node, key = rng.choice(places)
    old = json.dumps(node[key], default=str)[:40]
    if rng.random() < 0.25:
        del node[key]
        return value, f"{key!r} ({old}) removed"
    node[key] = new
    return value, f"{key!r}: {old} became {json.dumps(new)[:40]}"


def change_column(root: Path, file: Path, rng: random.Random) -> str:
    """Change one column's type, name or values, or the number of rows, of a Parquet file."""
    try:
        table = pq.read_table(file, partitioning=None)
        name = rng.choice(table.column_names)
    except (pa.ArrowException, OSError, IndexError):
        return junk(root, file, rng)
    at = table.column_names.index(name)
    match rng.choice(
        (
            "type",
            "type",
            "type",
            "drop",
            "rename",
            "null",
            "hollow",
            "hollow",
            "no rows",
            "rows twice",
            "shuffle",
            "no columns",
        )
    ):
        case "type":
            kind = rng.choice(TYPES)
            try:
                column = table[name].cast(kind)
            except pa.ArrowException:
                column = pa.nulls(table.num_rows, kind)
                if not pa.types.is_null(kind) and rng.random() < 0.8:
                    column = pa.array([_some(kind)] * table.num_rows, kind)
            table, said = table.set_column(at, name, column), f"{name} is {kind}"
        case "drop":
            table, said = table.remove_column(at), f"{name} dropped"
        case "rename":
            table, said = (
                table.rename_columns([f"x_{c}" if c == name else c for c in table.column_names]),
                f"{name} renamed",
            )
        case "null":
            table = table.set_column(
                at, table.schema.field(name).with_nullable(True), pa.nulls(table.num_rows, table[name].type)
            )
            said = f"{name} all null"
        case "hollow":
            values = table[name].to_pylist()
            some = rng.sample(range(len(values)), rng.choice((min(1, len(values)), len(values))))
            for row in some:
                values[row] = _hollow(values[row], rng)
            field = table.schema.field(name).with_nullable(True)
            table = table.set_column(at, field, pa.array(values, table[name].type))
            said = f"{name} with nulls in {len(some)} rows"
        case "no rows":
            table, said = table.slice(0, 0), "no rows"
        case "rows twice":
            table, said = pa.concat_tables([table, table]), "rows twice"
        case "shuffle":
            table, said = (
                table.take(pa.array(rng.sample(range(table.num_rows), table.num_rows), pa.int64())),
                "shuffled",
            )
        case _:
            table, said = table.select([]), "no columns"
    out = io.BytesIO()
    try:
        pq.write_table(table, out)
    except (pa.ArrowException, OSError):
        return junk(root, file, rng)
    file.write_bytes(out.getvalue())
    return said + _maybe_signed(root, rng, 0.9)


def _some(kind: pa.DataType) -> Any:
    if pa.types.is_list(kind):
        return [] if kind.value_type == pa.int8() else ["x"]
    if pa.types.is_struct(kind):
        return {"a": 1}
    if pa.types.is_binary(kind):
        return b"\xff\x00"
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        return "x"
    return True if pa.types.is_boolean(kind) else 0


GENERAL: tuple[Callable[[Path, Path, random.Random], str], ...] = (
    truncate, empty, junk, flip, swap, delete, folder, link, parent,
)  # fmt: skip


def damage(root: Path, file: Path, rng: random.Random) -> str:
    """Damage one file in a way that the generator picks; what was done, for people."""
    ways = list(GENERAL)
    if file.suffix in (".json", ".jsonl", ".yaml", ".md"):
        ways += [change_value] * 25
    if file.suffix == ".parquet":
        ways += [change_column] * 15
    return f"{file.relative_to(root)}: {rng.choice(ways)(root, file, rng)}"


def _hollow(value: Any, rng: random.Random) -> Any:
    """A value with a null in its place, or somewhere within."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(sorted(value))
        return {**value, key: _hollow(value[key], rng)}
    if isinstance(value, list) and rng.random() < 0.8:
        at = rng.randrange(len(value) + 1)
        return [*value[:at], _hollow(value[at] if at < len(value) else None, rng), *value[at + 1 :]]
    return None


def _maybe_signed(root: Path, rng: random.Random, share: float = 0.6) -> str:
    if rng.random() > share:
        return ""
    for manifest in sorted(root.rglob("manifest.json")):
        sign_dataset(manifest.parent)
    for listing in sorted(root.rglob("manifests/0*.json")):
        sign_version(listing)
    for pulled in sorted(root.rglob("pulled.json")):
        sign_pulled(pulled)
    return ", signed again"


def sign_pulled(pulled: Path) -> None:
    try:
        noted = json.loads(pulled.read_text())
        for path, columns in noted["columns"].items():
            columns["sha256"] = _sha(pulled.parent / "scores" / path.removeprefix("data/"))
        pulled.write_text(json.dumps(noted))
    except UNREADABLE:
        return


def sign_dataset(root: Path) -> None:
    """Make the checksums of a dataset's manifests those of its files, as far as they can be read."""
    try:
        facts = json.loads((root / "manifest.json").read_text())
        for config in facts["configs"].values():
            path = root / config["manifest"]
            try:
                entry = json.loads(path.read_text())
                for shards in entry["splits"].values():
                    for shard in shards:
                        file = root / shard["path"]
                        if file.is_file():
                            shard["sha256"], shard["size"] = _sha(file), file.stat().st_size
                            _count(file, shard)
                path.write_text(json.dumps(entry))
            except UNREADABLE:
                pass
            config["sha256"] = _sha(path)
        for name in facts.get("files", {}):
            facts["files"][name] = _sha(root / name)
        facts["recipe"]["sha256"] = _sha(root / "recipe.lock.yaml")
        (root / "manifest.json").write_text(json.dumps(facts))
    except UNREADABLE:
        return


def _count(file: Path, shard: dict[str, Any]) -> None:
    try:
        ids = pq.read_table(file, columns=["record_id"])["record_id"].to_pylist()
        shard["ids_sha256"] = hashlib.sha256("".join(f"{i}\n" for i in ids).encode()).hexdigest()
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return


def sign_version(listing: Path) -> None:
    """Give the files of a published version the names and checksums of their content."""
    root = listing.parent.parent
    try:
        listed = json.loads(listing.read_text())
        facts_file = listed["files"]["manifest.json"]
        facts = json.loads((root / facts_file["name"]).read_text())

        def renamed(path: str) -> str:
            entry = listed["files"][path]
            file = root / entry["name"]
            sha256 = _sha(file)
            name = Path(path).with_name(f"{Path(path).stem}-{sha256[:12]}{Path(path).suffix}").as_posix()
            if name != entry["name"]:
                file.rename(root / name)
            entry |= {"name": name, "sha256": sha256, "size": (root / name).stat().st_size}
            return sha256

        for config in facts["configs"].values():
            file = root / listed["files"][config["manifest"]]["name"]
            try:
                entry = json.loads(file.read_text())
                for shards in entry["splits"].values():
                    for shard in shards:
                        shard["sha256"] = renamed(shard["path"])
                        shard["size"] = listed["files"][shard["path"]]["size"]
                        _count(root / listed["files"][shard["path"]]["name"], shard)
                file.write_text(json.dumps(entry))
            except UNREADABLE:
                pass
            config["sha256"] = renamed(config["manifest"])
        for name in facts.get("files", {}):
            facts["files"][name] = renamed(name)
        facts["recipe"]["sha256"] = renamed("recipe.lock.yaml")
        (root / facts_file["name"]).write_text(json.dumps(facts))
        renamed("manifest.json")
        listing.write_text(json.dumps(listed))
    except UNREADABLE:
        return


def _sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
