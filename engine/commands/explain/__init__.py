"""Explaining one record: where it comes from, what it was made of, and why it was kept or not."""
