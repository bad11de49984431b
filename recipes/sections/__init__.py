"""The sections of a recipe, one module each, named by the key that a recipe has for it."""
