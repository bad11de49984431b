"""Builds under faults: one process is killed at a chosen event, and the build is run again until it is done."""
