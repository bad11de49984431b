"""Readers of English data, one module a format."""

from engine.sources.opened import OpenSource, open_sources
from engine.sources.reader import Reader, located, open_source, reader_of

__all__ = ["OpenSource", "Reader", "located", "open_source", "open_sources", "reader_of"]
