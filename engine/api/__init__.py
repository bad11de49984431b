"""What ``import glotmill`` gives: the commands as functions, and datasets to read. The command line stands on it."""
