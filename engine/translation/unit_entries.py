"""A unit's results as entries of the memory. Arrow alone, as the driver does this for all workers."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from glotmill.engine.llm.contract import SERVER
from glotmill.engine.memory.entries import DIRECTION, FAILED, HYPOTHESES, MEMORY_SCHEMA
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.workers.units import UnitResult


def entries_of_unit(spec: TranslatorSpec, result: UnitResult) -> pa.Table:
    """The entries that a unit gives, one for each of its rows, in their order.

    Args:
        spec: The engine that did the unit.
        result: The unit and what came of it.

    Returns:
        `MEMORY_SCHEMA`, with `HYPOTHESES` where a row has any.
    """
    rows, results = result.unit.rows, result.results
    fixed = {"origin": "machine", "provenance": None}
    columns = {name: results[name] for name in MEMORY_SCHEMA.names if name in results.column_names}
    columns |= {name: rows[name] for name in ("key", *DIRECTION)}
    columns |= {field.name: pa.repeat(pa.scalar(fixed[field.name], field.type), rows.num_rows)
                for field in MEMORY_SCHEMA if field.name in fixed}  # fmt: skip
    columns |= {"request": rows["text"], "failure": pc.binary_join_element_wise(FAILED, results["failure"], "")}
    langs = rows["target_lang"].unique()
    prints = pa.array([spec.fingerprint_into(lang) for lang in langs.to_pylist()], pa.string())
    columns["translator"] = prints.take(pc.index_in(rows["target_lang"], langs))
    several = results[HYPOTHESES.name].null_count < results.num_rows
    schema = MEMORY_SCHEMA.append(HYPOTHESES) if several else MEMORY_SCHEMA
    columns[HYPOTHESES.name] = results[HYPOTHESES.name]
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def all_whole(result: UnitResult) -> bool:
    """Whether no row of a unit failed, as in nearly all units."""
    failures = result.results["failure"]
    return int(failures.null_count) == len(failures)


def machine_failed(failures: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which entries failed for the machine's sake, by their failures; they are not remembered."""
    return pc.starts_with(pc.fill_null(failures, ""), FAILED + SERVER)
