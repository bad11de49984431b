"""The card of a dataset: ``README.md`` and ``LICENSES.md``, made from its manifest."""
