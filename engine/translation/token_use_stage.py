"""Which tokens an engine uses for some texts: searched in units as translations are, and kept as scores are.

Guarantees: each different text is searched once for a memory; what is known is read back from the score store, where an
entry under `USE` is what `glotmill.engine.translators.shared.token_use.TokenUse.as_numbers` writes, or null for a text
that the engine cannot read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.runs.run import Run
from glotmill.engine.translation.drawn_texts import Drawn
from glotmill.engine.translation.unit_work import UnitWork
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.shared.token_use import TokenUse
from glotmill.engine.workers.pool import Pool
from glotmill.engine.workers.units import UnitResult
from glotmill.schemas.errors import ConservationError
from glotmill.schemas.keys import digest, score_keys

USE = "token_use"
VERSION = 1
TEXT = ["source_lang", "target_lang", "text"]


class TokenUseStage:
    """Asks an engine with all its tokens which of them it uses.

    Args:
        spec: The engine.
        scores: Keeps what was found.
        run: Notes what is requested and done.
        pool: Does it.
    """

    def __init__(self, spec: TranslatorSpec, scores: ScoreStore, run: Run, pool: Pool) -> None:
        self._spec = spec
        self._scores = scores
        self._work = UnitWork(spec, run, pool)

    def used(self, phase: str, texts: Sequence[Drawn], advance: Callable[[int, int], None]) -> list[TokenUse]:
        """What the searches of texts use, in order; nothing of a text that the engine cannot read.

        Args:
            phase: Names the files of the run.
            texts: The texts.
            advance: Is called with (texts done now, texts to do in all); none done when the workers are ready.

        Raises:
            ConservationError: A text is not in the store after all units were done.
            WorkerError: A unit cannot be done.
        """
        wanted = self._keyed(texts)
        unknown = wanted.unique("key").join(self._scores.lookup(USE, wanted["key"]), on="key", how="anti")
        for _ in self._work.results(phase, unknown.with_columns(use=True).sort("key"), self._commit, advance):
            pass
        found = wanted.join(self._scores.lookup(USE, wanted["key"]), on="key", how="inner", maintain_order="left")
        if found.height != wanted.height:
            lost = wanted.join(found, on="key", how="anti")["text"]
            msg = f"the tokens of {len(lost)} texts are not in the store after all units were done: {lost[0]!r}"
            raise ConservationError(msg)
        return [TokenUse.of_numbers(values.to_numpy()) for values in found["values"].drop_nulls()]

    def _keyed(self, texts: Sequence[Drawn]) -> pl.DataFrame:
        rows = [(direction.source_lang, direction.target_lang, text) for direction, text in texts]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(TEXT, pl.String), orient="row")
        engine = digest([USE, VERSION, self._spec.fingerprint])
        return frame.select(score_keys(engine, frame), *TEXT)

    def _commit(self, result: UnitResult) -> str:
        name = digest([USE, VERSION, self._spec.fingerprint])
        return self._scores.add(USE, name, result.unit.rows["key"], result.results["values"]).name
