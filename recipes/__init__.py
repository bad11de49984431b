"""What to build: the recipe as a checked model, and the recipe files that ship with Glotmill."""

from glotmill.recipes.model import Recipe

__all__ = ["Recipe"]
