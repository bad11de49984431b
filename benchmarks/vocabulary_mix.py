"""A mix of many languages with few rows each: no way to choose output tokens may be slower than all of them.

    python -m benchmarks.vocabulary_mix --data FOLDER --json

COCO captions shared out over 48 languages (`mix.mode: one_each`), translated by a random model whose vocabulary has
tokens of every language's script in NLLB's rough proportions. One process, one thread; CPU seconds of whole builds,
each with a memory of its own. The model's size is NLLB-600M's in the projection's share, not in layers, so that a
build takes minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import regex
import yaml

from benchmarks import random_nllb
from benchmarks.results import Result, carry_out, parser
from benchmarks.scale import ONE_THREAD
from glotmill.engine.embedded import MODEL_DIR
from glotmill.filters.scorers.script import PROPERTY
from glotmill.schemas.languages import registry

BY_SCRIPT = {
    "Latn": "deu fra ces spa ita por nld pol swe dan fin hun ron tur vie ind swh hau yor zul som tgl ceb est lit hrv "
            "cym gle",
    "Cyrl": "rus ukr bul kaz", "Arab": "arb pes urd", "Deva": "hin mar npi", "Beng": "ben", "Taml": "tam",
    "Telu": "tel", "Grek": "ell", "Hebr": "heb", "Thai": "tha", "Hang": "kor", "Jpan": "jpn", "Hans": "zho",
    "Hant": "zho",
}  # fmt: skip
LANGUAGES = [f"{name}_{script}" for script, names in BY_SCRIPT.items() for name in names.split()]
SHAPE = random_nllb.Shape(layers=3, width=256, ffn=1024, heads=4, tokens=65_536)
SHARES = {"Latn": 0.5, "Cyrl": 0.12, "Arab": 0.08, "Deva": 0.05, "Jpan": 0.05, "Hans": 0.05}  # the rest equally
WAYS = ("full", "script", "auto")


def tokens(known: list[str], size: int) -> list[str]:
    """A vocabulary of some known tokens, the languages' codes, and tokens of their scripts."""
    scripts = sorted({registry()[code].script for code in LANGUAGES} - {"Hant"})
    rest = (1 - sum(SHARES.values())) / (len(scripts) - len(SHARES))
    made = list(dict.fromkeys([*known, *(code for code in LANGUAGES if code not in known)]))
    room = size - len(made)
    for script in scripts:
        letters = _letters(script)
        wanted = int(SHARES.get(script, rest) * room)
        for number in range(wanted):
            row, column = divmod(number, len(letters))
            made.append(f"▁{letters[column]}{letters[row % len(letters)]}{letters[0] * (row // len(letters))}")
    made = list(dict.fromkeys(made))
    return [*made, *(f"▁9{number}" for number in range(size - len(made)))]


def _letters(script: str) -> list[str]:
    inside = "".join(rf"\p{{{name}}}" for name in PROPERTY[script].split())
    found = [
        chr(code) for code in range(0x100, 0xD800) if regex.fullmatch(rf"[{inside}]", chr(code)) and chr(code).isalpha()
    ]
    return found[:60]


def model(folder: Path, size: int) -> Path:
    """The random model."""
    made = random_nllb.make(folder, replace(SHAPE, tokens=size))
    known = json.loads((MODEL_DIR / "shared_vocabulary.json").read_text(encoding="utf-8"))
    (made / "shared_vocabulary.json").write_text(json.dumps(tokens(known, size)), encoding="utf-8")
    return made


def built(options: argparse.Namespace, folder: Path, vocabulary: str) -> Result:
    """CPU seconds and lists of one build."""
    source = {"format": "coco_captions", "path": str((options.data / "coco/captions_val2017.json").resolve())}
    engine = {"engine": "nllb", "model": str(folder), "beam_size": 1, "retry": None, "max_decoding_tokens": 13,
              "vocabulary": vocabulary, "compute_type": "int8_float32", "device": "cpu"}  # fmt: skip
    recipe = {
        "name": "mix", "sources": {"coco": {**source, "license": "cc-by-4.0"}}, "languages": list(LANGUAGES),
        "mix": {"mode": "one_each"}, "translate": engine, "score": {"scorers": ["integrity", "nmt"]}, "workers": 0,
        "max_failed": 1, "limit": options.rows,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "recipe.yaml").write_text(yaml.safe_dump(recipe))
        command = [
            sys.executable,
            "-m",
            "glotmill",
            "build",
            "recipe.yaml",
            "--out",
            "out",
            "--memory",
            "memory",
            "--json",
        ]
        before = os.times()
        subprocess.run(command, cwd=place, env={**os.environ, **ONE_THREAD}, check=True, stdout=subprocess.PIPE)
        after = os.times()
        manifest = json.loads((Path(place) / "out/dataset/manifest.json").read_text())
    lists = next(iter(manifest["translators"].values())).get("vocabularies", {})
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return {"cpu_seconds": round(seconds, 1), "languages_with_a_list": len(lists),
            "lists": len({one["digest"] for one in lists.values()})}  # fmt: skip


def measure(options: argparse.Namespace) -> Result:
    """The ways in turn, round by round."""
    size = random_nllb.QUICK.tokens if options.quick else SHAPE.tokens
    folder = model(options.scratch / f"random_mix_{size}", size).resolve()
    found: dict[str, list[Result]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way, rounds in found.items():
            rounds.append(built(options, folder, way))
    least = {way: min(one["cpu_seconds"] for one in rounds) for way, rounds in found.items()}
    return {"settings": {"rows": options.rows, "languages": len(LANGUAGES), "tokens": size}, "builds": found,
            "ratio_to_full": {way: round(least["full"] / taken, 3) for way, taken in least.items()}}  # fmt: skip


def main() -> None:
    """Read the command line, measure, save and print."""
    options = parser(__doc__)
    options.add_argument("--rows", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=1)
    carry_out("vocabulary_mix", measure, options.parse_args())


if __name__ == "__main__":
    main()
