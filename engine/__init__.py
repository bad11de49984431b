"""How a dataset is made: sources, stages, translators, workers, stores and the command line."""

from importlib.metadata import version

__version__ = version("glotmill")
