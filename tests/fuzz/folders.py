"""Fuzz of build folders and published folders under every command that reads them."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import tempfile
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from tests.fuzz.command import BAD_INPUT, complaint, run_command
from tests.fuzz.damage import damage
from tests.fuzz.trial import run_cases

FORMATS = ("llava", "sharegpt", "mblip", "axolotl", "swift", "trl", "webdataset")
BUILD = ("build", "recipe.yaml", "--out", "out", "--memory", "memory", "--workers", "0")
RECORD = "RECORD"  # stands for a record's id
ALWAYS_FAILS = "verify"  # the command whose exit 1 says that it found problems

OF_BUILD = (
    BUILD, BUILD, BUILD, (*BUILD, "--compact"), (*BUILD, "--retry-failed", "--json"), (*BUILD, "--limit", "20"),
    (*BUILD, "--set", "languages=[deu_Latn]"), (*BUILD, "--set", "filter.lexical.copy_frac.action=warn"),
    ("plan", "recipe.yaml", "--out", "out", "--memory", "memory"),
    ("plan", "recipe.yaml", "--out", "out", "--memory", "memory", "--json", "--retry-failed"),
    ("plan", "recipe.yaml", "--out", "out", "--memory", "memory", "--set", "filter.lexical.copy_frac.action=warn"),
    ("preview", "recipe.yaml", "--json"),
    ("templates", "recipe.yaml", "--memory", "memory"),
)  # fmt: skip
OF_DATASET = (
    ("refilter", "out"),
    ("refilter", "out", "--set", "filter.lexical.copy_frac.action=warn"),
    ("refilter", "out", "--set", "filter.user.long.fails='score_lexical_letters >= 30'", "--json"),
    ("explain", "out", RECORD, "--memory", "memory"), ("explain", "out", RECORD, "--json"), ("explain", "out", "r1:"),
    ("verify", "out"), ("verify", "out", "--deep", "--json"),
    ("diff", "out", "whole/out"), ("diff", "whole/out", "out", "--rows", "-n", "2"),
    ("diff", "out", "out", "--rows", "--json"),
    ("gc", "out"), ("gc", "out", "--yes", "--keep-runs", "1", "--memory", "memory"), ("gc", ".", "--json"),
    ("show", "out"), ("show", "out", "--json", "--lang", "deu_Latn"), ("show", "out", "--verdict", "dropped"),
    ("show", "out", "--sort", "score_round_trip_chrf"), ("show", "out", "--source", "small", "--task", "caption"),
    ("report", "out"), ("report", "out", "--json"),
    *(("export", "out", "--format", name, "--to", "exported") for name in FORMATS),
    ("export", "out", "--format", "llava", "--to", "exported", "--all", "--lang", "swh_Latn"),
    ("publish", "out", "--to", "elsewhere"), ("publish", "out", "--to", "published", "--tag", "v9"),
    ("publish", "out", "--to", "published", "--dry-run"),
    ("calibrate", "out", "--min-rows", "1"), ("calibrate", "out", "--mode", "quantile", "--min-rows", "1"),
    ("status", "out"), ("status", "out", "--json"), ("traceback", "out", "--all"), ("traceback", "out", "--json"),
)  # fmt: skip
OF_MEMORY = (
    ("memory", "stats", "--memory", "memory"), ("memory", "compact", "--memory", "memory"),
    ("memory", "verify", "--memory", "memory"), ("memory", "export", "--memory", "memory", "--to", "exported.tmx"),
    ("memory", "import", "memory.tmx", "--memory", "memory"),
)  # fmt: skip
OF_PUBLISHED = (
    ("pull", "published", "new"), ("pull", "published", "new", "--all"), ("pull", "published@1", "new"),
    ("pull", "published", "pulled"), ("pull", "published", "pulled", "--all"),
    ("publish", "whole/out", "--to", "published"), ("publish", "whole/out", "--to", "published", "--tag", "v1"),
    ("publish", "pulled", "--to", "published"), ("publish", "out", "--to", "published", "--replace"),
    ("rollback", "1", "--to", "published"), ("rollback", "v1", "--to", "published"),
    ("rollback", "v1", "--to", "published", "--dry-run"),
)  # fmt: skip
PULLED_AGAIN = ("pull", "published", "pulled")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Sound folders to damage copies of.

    Attributes:
        root: Holds one folder a state: ``whole`` (a build and where it was published), ``torn`` (the same, in the
            middle of a commit).
        record: The id of a record of theirs.
    """

    root: Path
    record: str


def make_corpus(root: Path) -> Corpus:
    """Build, publish and pull a small dataset with the commands themselves."""
    whole = root / "whole"
    whole.mkdir(parents=True)
    rows = [{"id": f"c{i}", "task": "caption", "image": f"{i}.jpg", "caption": f"Dog {i} runs."} for i in range(12)]
    rows += [
        {"id": f"k{i}", "task": "caption", "image": f"k{i}.jpg", "caption": "A dog. It barks <b>."} for i in range(2)
    ]
    question = {"question": "What is that?", "choices": ["a ball", "a cup"], "answer_index": 1, "answers": ["a cup"]}
    rows += [{"id": f"m{i}", "task": "vqa_mc", "image": f"m{i}.jpg", **question} for i in range(3)]
    talk = [("user", "<image>\nWhat is this?"), ("assistant", "A dog."), ("user", "Is it old?"), ("assistant", "No.")]
    messages = [{"role": role, "content": content} for role, content in talk]
    rows += [
        {"id": "t0", "task": "conversation", "images": ["0.jpg"], "messages": messages},
        {"id": "bad", "task": "caption"},
    ]
    (whole / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = {
        "name": "small",
        "sources": {"small": {"format": "jsonl", "path": "rows.jsonl", "license": "cc-by-4.0"}},
        "languages": ["deu_Latn", "swh_Latn"],
        "translate": {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256},
        "score": {"scorers": ["lexical", "round_trip"]},
        "pack": {"shard_rows": 10, "row_group_rows": 5},
        "max_failed": 1,
    }
    (whole / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    with chdir(whole):
        for command in (
            BUILD,
            ("publish", "out", "--to", "published", "--tag", "v1"),
            ("refilter", "out", "--set", "filter.lexical.copy_frac.action=warn"),
            ("publish", "out", "--to", "published"),
            ("pull", "published", "pulled"),
            ("memory", "export", "--memory", "memory", "--to", "memory.tmx"),
        ):
            ended = run_command(command)
            if ended.code:
                raise RuntimeError(f"{command}: {ended.err}")
        run = next(Path("out/runs").iterdir())
        (run / "failures.jsonl").write_text('{"unit": 1, "key": "0", "reason": "worker_died", "detail": "x"}\n')
    torn = root / "torn"
    shutil.copytree(whole, torn)
    out = torn / "out"
    moved = ["dataset/manifest.json", "dataset/data/deu_Latn/train-00000.parquet", "samples/00000.parquet"]
    for name in moved:
        if (out / name).exists():
            (out / ".staging" / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).rename(out / ".staging" / name)
    intent = {"move": [name for name in moved if (out / ".staging" / name).exists()], "delete": []}
    (out / ".commit.json").write_text(json.dumps(intent))
    next(out.glob("runs/*/finished.json")).unlink()
    shard = whole / "out/dataset/data/deu_Latn/train-00000.parquet"
    return Corpus(root, pq.read_table(shard, columns=["record_id"])["record_id"][0].as_py())


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what is damaged, and the command that meets it."""

    number: int  # decides everything

    def run(self, corpus: Corpus) -> str | None:
        """A problem, with the case; None where there is none."""
        rng = random.Random(self.number)
        with tempfile.TemporaryDirectory(prefix="glotmill-fuzz-") as made:
            place = Path(made) / "place"
            state = "torn" if rng.random() < 0.15 else "whole"
            shutil.copytree(corpus.root / state, place)
            (place / "whole").symlink_to(corpus.root / "whole")
            part, commands = rng.choice(
                (("out", OF_BUILD), ("out", OF_DATASET), ("out", OF_DATASET), ("memory", (*OF_MEMORY, BUILD)),
                 ("published", OF_PUBLISHED), ("pulled", (*OF_DATASET, PULLED_AGAIN)))
            )  # fmt: skip
            said = [damage(place, _file(place / part, rng), rng) for _ in range(rng.choice((1, 1, 1, 2)))]
            command = [corpus.record if word == RECORD else word for word in rng.choice(commands)]
            if part == "pulled":
                command = ["pulled" if word == "out" else word for word in command]
            before = _tree(place)
            with chdir(place):
                ended = run_command(command)
            told = f"case {self.number} ({state}): {'; '.join(said)}: glotmill {' '.join(command)}"
            problem = complaint(ended)
            found_by_verify = ended.code == 1 and "verify" in command and "Traceback" not in ended.err
            if problem and not found_by_verify:
                return f"{problem}\n      {told}\n      {ended.err.strip().splitlines()[-1][:400] if ended.err else ''}"
            left = _left(before, _tree(place)) if ended.code == BAD_INPUT else []
            left = [name for name in left if name not in before or not _brought(place, name)]
            left += [str(p) for p in Path(made).iterdir() if p != place]
            return f"left behind {left[:3]}\n      {told}\n      {ended.err[:300]}" if left else None


def _file(root: Path, rng: random.Random) -> Path:
    """A file below a folder; folders with many files are no likelier than those with few."""
    files = sorted(
        path for path in root.rglob("*") if path.is_file() and not path.is_symlink() and path.name != ".lock"
    )
    if not files:
        return root.parent / "rows.jsonl"
    folder = rng.choice(sorted({path.parent for path in files}))
    return rng.choice([path for path in files if path.parent == folder])


def _tree(root: Path) -> dict[str, tuple[int, int] | None]:
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            found[path.relative_to(root).as_posix()] = (status.st_size, status.st_mtime_ns)
    return found


def _left(before: dict[str, tuple[int, int] | None], after: dict[str, tuple[int, int] | None]) -> list[str]:
    """Files that a refused command wrote, took away or changed, but for locks and the commit that it finished."""
    if "out/.commit.json" in before or "pulled/.commit.json" in before:
        return [name for name in after if name.endswith(".tmp") and name not in before]
    changed = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    # A publication sends again what the published folder has lost; no version lists what it sent yet.
    sent = [name for name in before if name.startswith("published/")]
    # Runs are the record of what commands did, whatever came of it; a memory sets an unreadable file aside.
    kept = [name for name in changed if name.endswith("/.lock") or "/runs/" in name or name.startswith("memory/")]
    return [name for name in changed if name not in (*kept, *sent)]


def _brought(place: Path, name: str) -> bool:
    """Whether a file is a whole shard that a pulled folder got: what was found right before an error stays."""
    if not name.startswith("pulled/dataset/data/"):
        return False
    sha256 = hashlib.sha256((place / name).read_bytes()).hexdigest()
    return any(sha256 in entries.read_text() for entries in (place / "pulled/dataset/manifests").glob("*.json"))


def run(cases: int, number: int) -> list[str]:
    """Run cases; the distinct problems found."""
    with tempfile.TemporaryDirectory(prefix="glotmill-fuzz-") as root:
        corpus = make_corpus(Path(root))
        return run_cases(lambda case: Case(case).run(corpus), cases, number)
