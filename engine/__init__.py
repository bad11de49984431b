"""How a dataset is made: from sources to samples, translations, records and datasets, and the commands that do it."""

from importlib.metadata import version

__version__ = version("glotmill")
