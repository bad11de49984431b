"""Verifying a dataset: whether its files are what its manifest says, and its verdicts what its scores give."""
