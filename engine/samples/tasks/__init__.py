"""Derived tasks: rows made out of the rows of sources, one module a task."""
