"""What all tests share: the folder of real data, small recipes, a build in a line."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.summary import BuildSummary
from glotmill.engine.runs.progress import ProgressReport
from tests import s3

# Machines are noisy: no test fails for being slow. The same examples on every machine.
settings.register_profile("glotmill", deadline=None, derandomize=True, database=None)
settings.load_profile("glotmill")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
BARE = frozenset({"engine", "filters", "recipes", "schemas"})  # the folders of `glotmill`, which alone is imported


@pytest.fixture(autouse=True)
def one_import_name() -> Iterator[None]:
    """Fail where a module of ours was imported by a bare name: it would be a second module, with a state of its own."""
    yield
    assert BARE.isdisjoint(sys.modules)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, which is not part of the project; the test is skipped where it is not at hand."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the real data is not beside this checkout")
    return SHARED / "data"


def small_samples() -> str:
    """JSON lines of 40 samples: captions, questions, a multiple choice and a conversation."""
    rows: list[dict[str, Any]] = [
        {"id": f"c{i}", "task": "caption", "image": f"{i}.jpg", "caption": f"A dog number {i} runs on the grass."}
        for i in range(20)
    ]
    rows += [
        {
            "id": f"q{i}",
            "task": "vqa_open",
            "image": f"{i}.jpg",
            "question": f"What color is ball {i}?",
            "answers": ["red"],
        }
        for i in range(18)
    ]
    rows += [
        {
            "id": "m0",
            "task": "vqa_mc",
            "image": "m.jpg",
            "question": "What is the man holding in his hand?",
            "choices": ["a ball", "a cup", "an umbrella"],
            "answer_index": 2,
            "answers": ["an umbrella"],
        },
        {
            "id": "t0",
            "task": "conversation",
            "images": ["t.jpg"],
            "messages": [
                {"role": "user", "content": "<image>\nWhat is this?"},
                {"role": "assistant", "content": "A small dog on the beach."},
                {"role": "user", "content": "42?"},
                {"role": "assistant", "content": "No, there is only one dog here."},
            ],
        },
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    """A file of `small_samples`."""
    path = tmp_path / "samples.jsonl"
    path.write_text(small_samples(), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder ``outputs`` with a build ``small`` of kept, dropped, failed and warned records, and its memory."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "samples.jsonl").write_text(small_samples(), encoding="utf-8")
    recipe = {
        "name": "small",
        "sources": {"small": {"format": "jsonl", "path": "samples.jsonl", "license": "cc0-1.0"}},
        "languages": ["deu_Latn", "swh_Latn"],
        "translate": {
            "engine": "fake", "batch_tokens": 128, "unit_tokens": 256, "fault": "empty", "fault_every": 5,
        },
        "score": {"scorers": ["integrity", "nmt", "round_trip"]},
        "filter": {"user": {
            "unsure": {"fails": "score_nmt_logprob < -0.95"},
            "doubtful": {"fails": "score_nmt_logprob < -0.9", "action": "warn"},
        }},
        "pack": {"shard_rows": 15, "row_group_rows": 6},
        "workers": 0,
        "max_failed": 1,
    }  # fmt: skip
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    outputs = folder / "outputs"
    job = prepare(load_recipe(str(folder / "recipe.yaml")), out=outputs / "small", memory=outputs / ".memory")
    build(job, ProgressReport())
    return outputs


@pytest.fixture
def small_build(built_once: Path, tmp_path: Path) -> Path:
    """A copy of the build of `built_once`, in ``outputs/small`` of the test's folder."""
    shutil.copytree(built_once, tmp_path / "outputs")
    return tmp_path / "outputs" / "small"


@pytest.fixture
def recipe_file(tmp_path: Path, captions: Path) -> Callable[..., Path]:
    """Writes a recipe with the fake engine; keyword arguments replace its top-level keys."""

    def write(**changes: Any) -> Path:
        content: dict[str, Any] = {
            "name": "small",
            "sources": {"small": {"format": "jsonl", "path": str(captions), "license": "cc0-1.0"}},
            "languages": ["deu_Latn", "swh_Latn"],
            "translate": {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256},
            "score": {"scorers": ["integrity", "nmt", "round_trip"]},
            "workers": 0,
            "memory": str(tmp_path / "memory"),
        }
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump({**content, **changes}), encoding="utf-8")
        return path

    return write


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., BuildSummary]:
    """Builds a recipe into a folder of the test."""

    def go(recipe: Path | str, *overrides: str, out: str = "out", **options: Any) -> BuildSummary:
        job = prepare(load_recipe(str(recipe), overrides), out=tmp_path / out, **options)
        return build(job, ProgressReport())

    return go


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """One Ray for the whole session: starting it takes seconds."""
    from glotmill.engine.workers.ray_session import start_ray

    started = start_ray()
    import ray

    yield
    if started:
        ray.shutdown()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[None]:
    """A real S3 server process on this machine, which the environment's settings lead to."""
    with pytest.MonkeyPatch.context() as patch, s3.s3_server() as settings:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def s3_bucket(s3_server: None) -> str:
    """The URL of a new bucket."""
    return s3.new_bucket()
