"""How the embedded model is made again: `train`, `convert` and `evaluate`, each a `python -m` command.

Only `train` and `convert` need torch and transformers; no code outside this package may import from it.
"""
