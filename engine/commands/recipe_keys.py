"""Write the reference of all recipe keys: ``python -m glotmill.engine.commands.recipe_keys docs/recipe-keys.md``.

``--check`` compares instead of writing and exits with 1 where the file is not what the model says.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.recipes.reference import reference


def main() -> None:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    page = reference(FAMILIES)
    if not given.check:
        given.file.write_text(page, encoding="utf-8")
    elif not given.file.exists() or given.file.read_text(encoding="utf-8") != page:
        sys.exit(f"{given.file} is not what the model says: python -m {__spec__.name} {given.file}")


if __name__ == "__main__":
    main()
