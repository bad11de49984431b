"""Glotmill: a data engine for multilingual vision-language instruction datasets.

The four folders of this package are links to those at the top of the repository: ``engine`` (how a dataset is made),
``filters`` (what is good), ``recipes`` (what to build) and ``schemas`` (what the data is).
"""
