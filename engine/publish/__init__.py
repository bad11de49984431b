"""Handing a dataset on: its card, and where it goes."""
