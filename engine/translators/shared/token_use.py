"""Which output tokens a search uses, and which it thought of: what a list of output tokens is made from.

Guarantees: tokens are those that were decoded. The text of a translation does not say them: a model spells rare words
with other pieces than a text is cut into.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32]
Probabilities = npt.NDArray[np.float64]
LEAST = 1e-3  # expected occurrences in a text; tokens below are left out
HYPOTHESES = 4  # of a text that are looked at, however few its search keeps
LOGITS_AT_ONCE = 1 << 26  # numbers that one call gives: 256 MiB


@dataclass(frozen=True, slots=True, eq=False)
class TokenUse:
    """What one text's search used of the output tokens, by their numbers.

    Attributes:
        best: The tokens of its best hypothesis, in order, end token included.
        others: Tokens that only other hypotheses have, ascending: of this search, of a wider one where it has few
            beams, and of a second decode.
        likely: Tokens that were expected `LEAST` times or more, ascending.
        expected: How often: the sum of each one's probabilities over the steps of a greedy search, as many as the best
            hypothesis has.
    """

    best: Numbers
    others: Numbers
    likely: Numbers
    expected: npt.NDArray[np.float32]

    def as_numbers(self) -> npt.NDArray[np.float32]:
        """All of it as a row of numbers; single precision holds numbers of tokens exactly."""
        lengths = np.array([len(self.best), len(self.others)])
        parts = (lengths, self.best, self.others, self.likely, self.expected)
        return np.concatenate([part.astype(np.float32) for part in parts])

    @classmethod
    def of_numbers(cls, numbers: npt.NDArray[np.float32]) -> TokenUse:
        """What `as_numbers` wrote."""
        best, others = numbers[:2].astype(int)
        rest = numbers[2 + best + others :]
        tokens, likely = numbers[2 : 2 + best + others].astype(np.int32), rest[: len(rest) // 2].astype(np.int32)
        return cls(tokens[:best], tokens[best:], likely, rest[len(rest) // 2 :].copy())


def token_use(
    model: Any,
    sources: Sequence[list[str]],
    prefixes: Sequence[list[str]],
    numbers: Mapping[str, int],
    settings: Mapping[str, Any],
    second: Mapping[str, Any] | None = None,
) -> Iterator[TokenUse]:
    """What searches use, in order.

    Args:
        model: The ``ctranslate2.Translator`` with all tokens.
        sources: The texts as the model reads them.
        prefixes: What their translations begin with; it does not count.
        numbers: The number of each token.
        settings: Of ``translate_batch``, ``beam_size`` among them.
        second: What the second decode, which broken translations get, has otherwise; None where there is none. It
            is made of all texts here: few are broken, and what they would use must be known from some more.
    """
    into = {"target_prefix": prefixes} if any(prefixes) else {}
    wider = {"beam_size": HYPOTHESES}
    searches = [{}, *([wider] if settings["beam_size"] < HYPOTHESES else []), *([second] if second else [])]
    results = [
        model.translate_batch(sources, num_hypotheses=one["beam_size"], **into, **one)
        for one in ({**settings, **other} for other in searches)
    ]
    made = [
        [[numbers[token] for token in tokens[len(prefix) :]] for each in of_text for tokens in each.hypotheses]
        for *of_text, prefix in zip(*results, prefixes, strict=True)
    ]
    lengths = [len(hypotheses[0]) + len(prefix) for hypotheses, prefix in zip(made, prefixes, strict=True)]
    expected = chain.from_iterable(
        _expected(
            model.translate_batch(
                sources[rows],
                return_logits_vocab=True,
                **({"target_prefix": prefixes[rows]} if into else {}),
                **{**settings, "beam_size": 1, "max_decoding_length": max(lengths[rows])},
            ),
            [len(hypotheses[0]) for hypotheses in made[rows]],
            len(numbers),
        )
        for rows in _portions(lengths, len(numbers))
    )
    for (best, *others), counts in zip(made, expected, strict=True):
        more = np.array(sorted(set().union(*others).difference(best)), np.int32)
        likely = np.flatnonzero(counts >= LEAST).astype(np.int32)
        yield TokenUse(np.array(best, np.int32), more, likely, counts[likely].astype(np.float32))


def _portions(lengths: Sequence[int], tokens: int) -> Iterator[slice]:
    """Rows whose logits come in one call: as many as `LOGITS_AT_ONCE` allows, one at the least."""
    start = longest = 0
    for row, length in enumerate(lengths):
        if row > start and (row + 1 - start) * max(longest, length) * tokens > LOGITS_AT_ONCE:
            yield slice(start, row)
            start, longest = row, 0
        longest = max(longest, length)
    if lengths:
        yield slice(start, len(lengths))


def _expected(results: Sequence[Any], steps: Sequence[int], tokens: int) -> Iterator[Probabilities]:
    """The sum of each token's probabilities over the steps of each search."""
    import ctranslate2  # half a second, and the driver needs no more than `TokenUse`

    for result, most in zip(results, steps, strict=True):
        total = np.zeros(tokens)
        for step in result.logits[0][:most]:
            logits = np.asarray(step.to_device(ctranslate2.Device.cpu).to(ctranslate2.DataType.float32))
            powers = np.exp(logits.ravel()[:tokens].astype(np.float64) - logits.max())
            total += powers / powers.sum()
        yield total
