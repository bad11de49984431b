"""What `pip install` installs: the same from a checkout and from its sdist, and nothing from one without links."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import BARE, ROOT

pytest.importorskip("setuptools", minversion="77")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE.md")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a build reads, with its links."""
    folder = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in (*BARE, "src"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    return folder


def make(kind: str, source: Path, to: Path) -> subprocess.CompletedProcess[str]:
    to.mkdir(exist_ok=True)
    code = f"import sys; from setuptools.build_meta import build_{kind} as make; make(sys.argv[1])"
    return subprocess.run([sys.executable, "-c", code, str(to)], cwd=source, capture_output=True, text=True)


def contents(wheel: Path) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as archive:
        return {item.filename: item.CRC for item in archive.infolist() if not item.filename.endswith("RECORD")}


def test_the_wheel_of_the_sdist_is_that_of_the_checkout(checkout: Path, tmp_path: Path):
    for kind in ("sdist", "wheel"):
        assert make(kind, checkout, tmp_path / "made").returncode == 0
    (sdist,) = (tmp_path / "made").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert make("wheel", unpacked, tmp_path / "again").returncode == 0
    (wheel,), (again,) = (tmp_path / "made").glob("*.whl"), (tmp_path / "again").glob("*.whl")
    found = contents(wheel)
    assert found == contents(again)
    assert {name.split("/")[0].partition("-")[0] for name in found} == {"glotmill"}
    data = {path.relative_to(ROOT) for name in BARE for path in (ROOT / name).rglob("*") if path.is_file()}
    missing = {path for path in data if "__pycache__" not in path.parts and f"glotmill/{path}" not in found}
    assert missing == set()
    assert {"glotmill/__init__.py", "glotmill/__main__.py", "glotmill/py.typed"} <= found.keys()


def test_an_editable_installation_is_a_path_to_src(checkout: Path, tmp_path: Path):
    assert make("editable", checkout, tmp_path / "made").returncode == 0
    (wheel,) = (tmp_path / "made").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (link,) = (name for name in archive.namelist() if name.endswith(".pth"))
        assert archive.read(link).decode().strip() == str(checkout / "src")


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_a_checkout_without_links_is_refused_in_one_line(checkout: Path, tmp_path: Path, kind: str):
    """A zip archive, and git on Windows, leave a file with the link's target in its place."""
    link = checkout / "src/glotmill/filters"
    link.unlink()
    link.write_text("../../filters")
    done = make(kind, checkout, tmp_path / "made")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: src/glotmill/filters is not a folder: ")
    assert list((tmp_path / "made").iterdir()) == []
