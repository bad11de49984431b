"""Readers of English data, one module a format."""

from glotmill.engine.sources.contract import Reader
from glotmill.engine.sources.registry import located, open_source, reader_of
from glotmill.engine.sources.shared.open_sources import OpenSource, open_sources

__all__ = ["OpenSource", "Reader", "located", "open_source", "open_sources", "reader_of"]
