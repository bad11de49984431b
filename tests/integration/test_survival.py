"""What a build survives beside kills: a full disk, an unreadable memory file, an engine that hangs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.faults.trials import content

ENGINE = {"engine": "fake", "batch_sensitive": True, "batch_tokens": 64, "unit_tokens": 128}
SCRIPT = """
set -u
mount -t tmpfs -o size={size} tmpfs {disk}
{build} >{disk}.1 2>&1
echo $? >{disk}.code
find {disk} -name '*.tmp' >{disk}.left
mount -o remount,size=64m {disk}
{build} >{disk}.2 2>&1 || exit 1
cp -r {disk}/out/dataset {disk}.dataset
"""


REFUSED = 2, "free, and the build is estimated to take"
FULL = 1, "No space left on device"


@pytest.mark.parametrize(
    ("size", "end"),
    [
        ("48k", REFUSED),
        ("160k", FULL),
        pytest.param("96k", REFUSED, marks=pytest.mark.long),
        pytest.param("256k", FULL, marks=pytest.mark.long),
    ],
)
def test_a_small_or_full_disk_is_one_line_and_after_making_room_the_same_command_goes_on(
    recipe_file, run, tmp_path: Path, size: str, end: tuple[int, str]
):
    """On a real file system of that size, in a mount namespace of the test's own."""
    recipe = recipe_file(translate=ENGINE)
    whole = run(recipe, out="whole", memory=tmp_path / "elsewhere")
    disk = tmp_path / "disk"
    disk.mkdir()
    build = f"{sys.executable} -m glotmill build {recipe} --out {disk}/out --memory {disk}/memory --json"
    script = SCRIPT.format(size=size, disk=disk, build=build)
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + (tmp_path / "disk.2").read_text()
    code, words = end
    assert (tmp_path / "disk.code").read_text() == f"{code}\n"
    said = (tmp_path / "disk.1").read_text()
    assert words in said
    assert "Traceback" not in said
    assert (tmp_path / "disk.left").read_text() == ""
    assert content(tmp_path / "disk.dataset") == content(whole.dataset)


def test_an_unreadable_memory_file_is_named_set_aside_and_its_keys_are_made_again(recipe_file, tmp_path: Path):
    def build(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "glotmill", "build", str(recipe), "--out", str(tmp_path / "out"), *options]
        return subprocess.run(command, capture_output=True, text=True, check=True)

    recipe = recipe_file(translate={**ENGINE, "batch_sensitive": False})
    build("--json")
    made = content(tmp_path / "out/dataset")
    damaged = tmp_path / "memory/translations/00000002.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    summary = orjson.loads(build("--retry-failed", "--json").stdout.splitlines()[-1])  # else nothing is looked at
    assert summary["set_aside"] == [str(tmp_path / "memory/translations/unreadable/00000002.parquet")]
    assert 0 < summary["segments"]["translated"] + summary["back_translation"]["translated"] < 60
    assert content(tmp_path / "out/dataset") == made
    damaged = tmp_path / "memory/translations/00000001.parquet"
    damaged.write_bytes(b"rubbish")
    assert "unreadable, set aside, and what it held made again: " in build("--retry-failed").stdout


@pytest.mark.parametrize(
    ("does", "workers"), [("raise", 0), ("short", 0), pytest.param("exit", 2, marks=pytest.mark.long)]
)
@pytest.mark.usefixtures("local_ray")
def test_a_poisoned_row_costs_its_records_and_nothing_else(recipe_file, run, tmp_path: Path, does: str, workers: int):
    """Whatever the engine does with it (tests/engine/workers has the hanging one too): the other rows are untouched."""
    poison = {"poison": "umbrella", "poison_does": does}
    engine = {**ENGINE, "batch_sensitive": False}
    whole = run(recipe_file(translate=engine), out="whole", memory=tmp_path / "elsewhere")
    cursed = run(recipe_file(translate={**engine, **poison}, workers=workers, max_failed=1))
    reason = "worker_died" if does == "exit" else "engine_error"
    for lang, count in cursed.languages.items():
        assert count.failed == {reason: 1}
        assert count.rows == whole.languages[lang].rows
        assert count.kept >= whole.languages[lang].kept - 1
    again = run(recipe_file(translate={**engine, **poison}, workers=workers, max_failed=1))
    assert again.segments.translated == 0  # the failure is remembered
    shutil.rmtree(tmp_path / "out")
    healed = run(recipe_file(translate=engine, workers=0), retry_failed=True)
    assert healed.segments.translated == 2
    assert healed.failed == 0
