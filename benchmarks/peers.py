"""The peers' environment: torch, transformers, EasyNMT and datatrove in a virtual environment of their own, made once.

Its place is ``--scratch``, by default ``glotmill/benchmarks`` in the user's cache folder; nothing of it is in the
project. The environment is made with pip from the index that pip is set to.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.watched import ROOT, watch
from glotmill.engine.translators.shared.model_files import cache_folder

REQUIREMENTS = (
    "torch==2.13.0", "transformers==5.19.0", "ctranslate2==4.8.5", "sentencepiece==0.2.3", "protobuf==7.36.2",
    "nltk", "tqdm", "requests", "datatrove[io]==0.10.1", "fasttext-numpy2-wheel==0.9.2", "fasteners",
)  # fmt: skip
# EasyNMT asks for transformers below 5 and a fastText that it only uses to guess languages.
WITHOUT_DEPENDENCIES = ("EasyNMT==2.0.2",)
ASKED = ("torch", "transformers", "ctranslate2", "EasyNMT", "datatrove", "fasttext-numpy2-wheel")
READY = "ready.json"


def default_scratch() -> Path:
    """Where benchmarks keep environments, models and scratch files."""
    return cache_folder() / "benchmarks"


def peers_python(scratch: Path) -> Path:
    """Python of the peers' environment, which is made where it is not there."""
    folder = scratch / "peers"
    python = folder / "bin/python"
    if not (folder / READY).exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *REQUIREMENTS], check=True)
        subprocess.run([*pip, "--no-deps", *WITHOUT_DEPENDENCIES], check=True)
        (folder / READY).write_text(json.dumps(_versions(python)), encoding="utf-8")
    return python


def versions(scratch: Path) -> dict[str, str]:
    """Versions of the peers."""
    peers_python(scratch)
    found: dict[str, str] = json.loads((scratch / "peers" / READY).read_text(encoding="utf-8"))
    return found


def _versions(python: Path) -> dict[str, str]:
    code = f"import json\nfrom importlib.metadata import version\nprint(json.dumps({{n: version(n) for n in {ASKED}}}))"
    said = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(said.stdout)
    return found


def models(scratch: Path, name: str) -> Path:
    """The folder of a model for both libraries, made where it is not there (`benchmarks.peer_models`)."""
    folder = scratch / "models"
    folder.mkdir(parents=True, exist_ok=True)
    watch([peers_python(scratch), "-m", "benchmarks.peer_models", folder, name], **offline())
    return folder / name


def offline() -> dict[str, str]:
    """Environment of peers: they have all they need, this project's code too, and shall not look for more."""
    return {
        "PYTHONPATH": str(ROOT / "src"),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TOKENIZERS_PARALLELISM": "true",
    }


def in_a_process(
    way: str, job: Path, scratch: Path, *, peer: bool, environment: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """What a way says of a job, with ``peak_mib``."""
    out = job.with_name(f"{job.stem}-{way}.out.json")
    python = peers_python(scratch) if peer else Path(sys.executable)
    module = "benchmarks.peer_ways" if peer else "benchmarks.ways"
    taken = watch([python, "-m", module, way, job, out], **(offline() if peer else {}), **environment)
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return {**found, "peak_mib": taken.peak_mib}
