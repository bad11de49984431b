"""Packages that look like spaCy models, for tests that need no spaCy."""

from __future__ import annotations

from pathlib import Path


def install(site: Path, package: str, version: str, files: dict[str, str] | None = None) -> Path:
    """Lay a package into a folder of packages as pip would; returns the package's folder."""
    folder = site / package
    for name, text in {"__init__.py": "", **(files or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    about = site / f"{package}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", encoding="utf-8")
    return folder
