"""The command line: one module a verb."""

from engine.cli.app import main

__all__ = ["main"]
