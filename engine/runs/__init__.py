"""The folder of one run: what it wrote down, and how it stands."""
