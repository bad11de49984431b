"""Readers of English data, one module a format."""

from engine.sources.reader import Reader, open_source

__all__ = ["Reader", "open_source"]
