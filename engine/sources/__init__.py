"""Readers of English data, one module a format."""

from engine.sources.reader import Reader, located, open_source, reader_of

__all__ = ["Reader", "located", "open_source", "reader_of"]
