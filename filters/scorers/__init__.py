"""The scorers, one module each."""
