"""Packages of somebody else, installed for a test: no index and no pip, only what an installation leaves behind."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest


def install(files: Mapping[str, str], site: Path) -> Path:
    """Write a package's files and its metadata into a folder for ``sys.path`` or PYTHONPATH.

    Args:
        files: Texts by path, ``pyproject.toml`` among them.
        site: The folder; it may hold other packages.
    """
    project = tomllib.loads(files["pyproject.toml"])["project"]
    for name, text in files.items():
        if name.endswith(".py"):
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).write_text(text, encoding="utf-8")
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    points = project["entry-points"].items()
    groups = (f"[{group}]\n" + "".join(f"{key} = {at}\n" for key, at in inner.items()) for group, inner in points)
    (info / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")
    return site


@contextmanager
def on_path(site: Path) -> Iterator[None]:
    """The folder on ``sys.path``; modules that were imported meanwhile from there are forgotten at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        try:
            yield
        finally:
            for name, module in list(sys.modules.items()):
                if any(str(site) in str(getattr(module, where, "")) for where in ("__file__", "__path__")):
                    del sys.modules[name]
