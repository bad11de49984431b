"""Changes of a recipe's content, of its text, and of a command's options, as they come by mistake or by malice."""

from __future__ import annotations

import copy
import random
from functools import cache
from typing import Any

from glotmill.recipes.model import Recipe
from tests.fuzz.inputs import SOURCES

LONG = 300
NAMES = (
    "rows.jsonl", "rows.parquet", "coco.json", "captions.tsv", "captions.csv", "labels.tsv", "answers.tsv",
    "weights.csv", "bank.yaml", "calibration.yaml", "parent.yaml", "recipe.yaml", "lines.txt", "rows.jsonl.gz", "hub",
    "pictures",
)  # fmt: skip
ODD_PATHS = (
    "", ".", "..", "nowhere", "nowhere/at/all", "/dev/null", "/dev/zero", "/dev/null/x", "/proc/self/mem", "pipe",
    "loop", "dangling", "x" * LONG, "x/" * 3000, "a\x00b", "a\nb", "~no_such_user/x", "\ud800", "é" * 200, "a b",
    "rows.jsonl/", "rows.jsonl/x", "zzz://x", "file:", "*", "[", "data/*.json", "-", "--help", "CON", "%s", "{x}",
)  # fmt: skip
WORDS = (
    *SOURCES, "deu_Latn", "eng_Latn", "swh_Latn", "xxx_Xxxx", "deu", "German", "tier:T1", "script:Latn", "all", "*",
    "tier:T9 & script:Latn", "-deu_Latn", "mblip", "&", "a & & b", "caption", "vqa_open", "conversation", "lexical",
    "round_trip", "nmt", "language_id", "script", "user", "embedded", "uniform", "mt5", "one_each", "fanout", "source",
    "target", "warn", "drop", "cc-by-4.0", "other", "Apache 2", "(?P<vg>[0-9]+)", "(a+)+$", "(", "image", "id", "a.b",
    "score_lexical_letters", "score_lexical_letters > 3", "score_lexical_letters >", "1; DROP TABLE x", "lang = 'x'",
    "<image>", "{question}", "{", "x", "X Y", "0", "no", "1e3", "\u202e", "\u0000", "deu_Latn\n", "openai", "vllm",
    "fake",
    "hub", "regex", "empty", "loop",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 3, 7, 0.5, 1.5, -0.0, 1e-300, 1e300, float("inf"), float("-inf"), float("nan"), 2**31, 2**63 - 1,
    2**63, 10**30, 0.1, 100,
)  # fmt: skip
# What the fake engine does on purpose, and what only a started cluster or a server would show.
DANGEROUS = ("poison", "poison_does", "crash_at_batch", "seconds_per_batch", "url", "unit_timeout")


def value(rng: random.Random, depth: int = 0) -> Any:
    """Any value at all."""
    match rng.randrange(12 if depth < 3 else 8):
        case 0 | 1:
            return rng.choice(NUMBERS)
        case 2:
            return rng.choice((None, True, False))
        case 3 | 4:
            return rng.choice(WORDS)
        case 5:
            return rng.choice(NAMES)
        case 6:
            return rng.choice(ODD_PATHS)
        case 7:
            return rng.choice(("x" * 5000, "", " ", "\t", "a" * 200_001, b"\xff\x00", "é\u0301" * 50))
        case 8 | 9:
            return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
        case 10:
            return {rng.choice(WORDS): value(rng, depth + 1) for _ in range(rng.randrange(4))}
        case _:
            return rng.choice((deep([]), deep({}), [[]], [{}], list(range(1000)), {1: 2}, {None: None}, {True: [1]}))


def deep(kind: Any) -> Any:
    """A value nested a hundred times."""
    found: Any = 1
    for _ in range(100):
        found = [found] if kind == [] else {"a": found}
    return found


def places(content: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) below a value."""
    found = []
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, child in items:
        found.append((content, key))
        found += places(child)
    return found


def change(content: dict[str, Any], rng: random.Random) -> str:
    """Change one thing in a recipe's content; what was changed, in words."""
    if rng.random() < 0.6:
        return state(content, rng)
    found = places(content)
    if not found:
        content["name"] = value(rng)
        return "an empty recipe named"
    node, key = rng.choice(found)
    match rng.randrange(8):
        case 0:
            del node[key]
            return f"{key!r} removed"
        case 1 if isinstance(node, dict):
            new = rng.choice((f"{key}s", str(key).upper(), "", 3, None, rng.choice(WORDS), "x" * LONG))
            node[new] = node.pop(key)
            return f"{key!r} is called {str(new)[:30]!r}"
        case 2 if isinstance(node, dict):
            new = rng.choice(WORDS)
            node[new] = value(rng)
            return f"{new!r} added beside {key!r}"
        case 3:
            other, there = rng.choice(found)
            node[key] = copy.deepcopy(other[there])
            return f"{key!r} is as {there!r}"
        case 4 if isinstance(node[key], int | float) and not isinstance(node[key], bool):
            node[key] = rng.choice(
                (node[key] * 1000, -node[key], float(node[key]), str(node[key]), rng.choice(NUMBERS))
            )
        case 5 if isinstance(node[key], str):
            node[key] = rng.choice((*NAMES, *ODD_PATHS, *WORDS))
        case 6 if isinstance(node[key], list):
            node[key] = node[key] * rng.choice((0, 2, 1000))
        case _:
            node[key] = value(rng)
    return f"{key!r} is {str(node[key])[:60]!r}"


@cache
def _schema() -> dict[str, Any]:
    return Recipe.model_json_schema()


def state(content: dict[str, Any], rng: random.Random) -> str:
    """State one key of the recipe as its schema has it; its neighbours may not like it."""
    node: Any = content
    part = _schema()
    path = []
    while True:
        part = _one_of(part, rng)
        properties = part.get("properties")
        if not properties or not isinstance(node, dict):
            break
        key = rng.choice(sorted(properties))
        path.append(key)
        part = properties[key]
        if rng.random() < 0.3 or not isinstance(node.get(key), dict):
            node[key] = plausible(part, rng)
            return f"{'.'.join(path)} is {str(node[key])[:80]!r}"
        node = node[key]
        if isinstance(part.get("additionalProperties"), dict) and node:
            key = rng.choice(sorted(node, key=str))
            path.append(str(key))
            part, node = part["additionalProperties"], node[key]
    return f"{'.'.join(path)} as it was"


def plausible(schema: dict[str, Any], rng: random.Random, depth: int = 0) -> Any:
    """A value that a JSON schema may allow."""
    schema = _one_of(schema, rng)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema.get("type"):
        case "integer":
            least = schema.get("minimum", schema.get("exclusiveMinimum", -2))
            return rng.choice((least, least + 1, schema.get("maximum", least + 5), rng.choice(NUMBERS)))
        case "number":
            return rng.choice((schema.get("minimum", 0), schema.get("maximum", 1), rng.random(), rng.choice(NUMBERS)))
        case "boolean":
            return rng.random() < 0.5
        case "null":
            return None
        case "array":
            items = schema.get("items", {})
            return [plausible(items, rng, depth + 1) for _ in range(rng.randrange(1, 4))] if depth < 5 else []
        case "object":
            properties = schema.get("properties", {})
            needed = schema.get("required", [])
            found = {
                key: plausible(part, rng, depth + 1)
                for key, part in properties.items()
                if key in needed or (depth < 5 and rng.random() < 0.3)
            }
            more = schema.get("additionalProperties")
            if isinstance(more, dict) and depth < 5:
                found |= {rng.choice(WORDS): plausible(more, rng, depth + 1) for _ in range(rng.randrange(3))}
            return found
        case "string":
            return rng.choice(rng.choice((NAMES, WORDS, ODD_PATHS)))
        case _:
            return value(rng, depth)


def _one_of(schema: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The schema itself, or one of those that it allows."""
    while True:
        if "$ref" in schema:
            schema = _schema()["$defs"][schema["$ref"].rpartition("/")[2]]
        elif choices := schema.get("anyOf") or schema.get("oneOf"):
            schema = rng.choice(choices)
        else:
            return schema


def harmless(content: Any) -> Any:
    """The same without what starts processes, waits or ends this process: that is not the user's input."""
    if isinstance(content, dict):
        found = {key: harmless(child) for key, child in content.items() if key not in DANGEROUS}
        workers = found.get("workers")
        if isinstance(workers, int | float) and workers > 0:
            found["workers"] = 0
        return found
    return [harmless(child) for child in content] if isinstance(content, list) else content


def change_text(text: str, rng: random.Random) -> tuple[bytes, str]:
    """Change a recipe as text; what was changed, in words."""
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines) + 1)
    added = rng.choice((
        "\t", "? ", "- x\n", "]", "{", "&a [*a]\n", "x: *nobody\n", "<<: *a\n", "<<: {name: x}\n", "%YAML 9.9\n",
        "---\n",
        "...\n", "x: !!python/object:os.system {}\n", "x: !!binary //8=\n", "x: !!set {a, b}\n", "x: 2001-01-01\n",
        "x: !<y> z\n", "limit: 0x1F\n", "limit: 1_000\n", "limit: 1:30\n", "name: yes\n",
        "name: small\nname: other\n", "\u2028",
        "x: [" + "[" * 200 + "\n", "x: &b {y: *b}\n", "\ufeff", "name: |\n  a\n  b\n", "'", '"', "# \x07\n", "\x00",
        "x: .nan\n",
        "1: 2\n", "null: null\n", "[a]: b\n", "? {a: b}\n: c\n",
    ))  # fmt: skip
    match rng.randrange(6):
        case 0:
            cut = rng.randrange(len(text))
            return text[:cut].encode("utf-8", "surrogatepass"), f"cut to {cut} characters"
        case 1:
            name = rng.choice(("utf-16", "utf-32", "utf-8-sig", "utf-7"))
            return text.encode(name, "surrogatepass"), f"in {name}"
        case 2:
            data = bytearray(text.encode("utf-8", "surrogatepass"))
            for _ in range(3):
                data[rng.randrange(len(data))] = rng.randrange(256)
            return bytes(data), "3 bytes changed"
        case 3:
            return rng.choice(
                (b"", b"\n", b"null\n", b"[]\n", b"text", b"{}", b"\xff\xfe", b"\x1f\x8b", b"PAR1")
            ), "replaced"
        case _:
            changed = "".join([*lines[:at], added, *lines[at:]])
            return changed.encode("utf-8", "surrogatepass"), f"{added[:30]!r} added before line {at + 1}"


def override(rng: random.Random) -> str:
    """A ``KEY=VALUE`` for ``--set``."""
    if rng.random() < 0.1:
        return rng.choice((
            "", "=", "a", ".", "a.=1", ".a=1", "limit", "limit=", "=x", "a" * 200_001, "limit==3", "\x00=1", "\udcff=1",
            "name=\udcff", " limit = 3", "sources=", "sources..path=x", "limit=[", "x=&a [*a]",
        ))  # fmt: skip
    key = rng.choice((
        "limit", "name", "sources", "sources.jsonl", "sources.jsonl.path", "sources.jsonl.x", "languages", "mix.mode",
        "mix.weights", "filter", "filter.lexical", "filter.lexical.max_copied", "filter.user.x.fails", "score.scorers",
        "answers.table", "calibration", "memory", "splits.test", "clean", "derive", "templates", "labels.table", "pack",
        "pack.shard_rows", "max_failed", "translate", "translate.engine", "translate.batch_tokens", "routing",
        "extends",
        "description", "languages.0", "sources.jsonl.images.id", "sources.jsonl.fields", "limit.x", "a.b.c.d",
        "allow_licenses",
    ))  # fmt: skip
    text = rng.choice(
        (str(value(rng)), "{}", "[]", "null", "'", "{a: {b: c}}", "!!python/name:os.system", "[", "*x", "&x y")
    )
    return f"{key}={text}"
