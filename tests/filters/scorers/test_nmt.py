from __future__ import annotations

import pyarrow as pa

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.nmt import NmtScorer


def test_what_the_translator_said_of_its_output_is_handed_on():
    pairs = pa.Table.from_pylist(
        [{"logprob": -0.5, "hit_limit": False}, {"logprob": -2.0, "hit_limit": True}, {}], schema=PAIR_SCHEMA
    )
    scores = {name: values.to_pylist() for name, values in NmtScorer().score(pairs).items()}
    assert scores == {"logprob": [-0.5, -2.0, None], "ended": [1.0, 0.0, None]}
