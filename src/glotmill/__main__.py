"""``python -m glotmill``: the command line."""

from glotmill.engine.cli import main

if __name__ == "__main__":
    main()
