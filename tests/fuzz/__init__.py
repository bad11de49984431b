"""Fuzzing of the command line: what users hand over, damaged in every way, ends in one good line.

Every case runs one command in this process and judges how it ended (`tests.fuzz.command`). A short run is in
``make test``; ``python -m tests.fuzz --cases 5000`` runs as many cases as wanted. Hypothesis generates the cases, so
a seed gives the same cases again.
"""
