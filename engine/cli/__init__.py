"""The command line: one module a verb."""

from glotmill.engine.cli.app import main

__all__ = ["main"]
