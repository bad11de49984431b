"""What must hold before anything is built: the links in src/glotmill lead to folders. All else is in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup

for name in ("engine", "filters", "recipes", "schemas"):
    if not Path(__file__).with_name("src").joinpath("glotmill", name, "__init__.py").is_file():
        sys.exit(
            f"error: src/glotmill/{name} is not a folder: zip archives and Windows without links lose the links of a "
            "git checkout; clone with git on a system that has links, or install the wheel or the sdist"
        )

setup()
