"""datatrove's LanguageFilter on some texts, run in the peers' environment.

    PEERS/bin/python -m benchmarks.peer_language_id JOB OUT

Its model would be downloaded; here it is given the file that Glotmill uses, so that both identify with the same.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Time the filter over all texts, once to warm up and then a few rounds."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import LanguageFilter
    from fasttext.FastText import _FastText

    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    documents = [Document(text=text, id=str(number)) for number, text in enumerate(job["texts"])]
    judge = LanguageFilter()
    judge.model._model = _FastText(job["model"])  # where its own loading would put it
    seconds = []
    for _ in range(job["rounds"] + 1):
        began = time.perf_counter()
        kept = sum(bool(judge.filter(document)) for document in documents)
        seconds.append(time.perf_counter() - began)
    Path(sys.argv[2]).write_text(json.dumps({"seconds": seconds[1:], "kept": kept}), encoding="utf-8")


if __name__ == "__main__":
    main()
