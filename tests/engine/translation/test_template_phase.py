"""What rows drew, counted over sample files: which texts the templates' phase asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.memory.entries import Direction
from glotmill.engine.text.fields import template_langs
from glotmill.engine.translation.template_phase import Drawn, drawn_templates, segments_of_templates
from glotmill.schemas.sample import SAMPLE_SCHEMA


def sample(number: int, template: str | None, langs: list[str], roles: str = "ua", plan: Any = None) -> dict[str, Any]:
    turns = [{"role": {"s": "system", "u": "user", "a": "assistant"}[role], "content": "x"} for role in roles]
    row = {**dict.fromkeys(SAMPLE_SCHEMA.names), "source_id": f"s1:{number}", "source_lang": "eng_Latn"}
    return {**row, "template_id": template, "langs": langs, "source_messages": turns, "turn_plan": plan}


def drawn(folder: Path, *files: list[dict[str, Any]], rows: int = 2) -> list[Drawn]:
    paths = [folder / f"{number}.parquet" for number in range(len(files))]
    for path, samples in zip(paths, files, strict=True):
        pq.write_table(pa.Table.from_pylist(samples, schema=SAMPLE_SCHEMA), path, row_group_size=rows)
    return drawn_templates(paths)


def counts(found: list[Drawn]) -> dict[tuple[str, str], int]:
    return {(one.sample["template_id"], one.lang): one.rows for one in found}


def test_rows_are_counted_by_template_and_language_over_all_files(tmp_path: Path):
    both = ["deu_Latn", "fra_Latn"]
    one = [sample(n, "a", both) for n in range(5)] + [sample(9, None, both)]
    other = [sample(10, "a", ["fra_Latn"]), sample(11, "b", ["eng_Latn", "deu_Latn"]), sample(12, "b", [])]
    found = counts(drawn(tmp_path, one, other))
    assert found == {("a", "deu_Latn"): 5, ("a", "fra_Latn"): 6, ("b", "deu_Latn"): 1}  # English stays as it is


def test_the_languages_of_a_templates_turns_are_those_of_the_first_of_each_role(tmp_path: Path):
    rows = [
        sample(0, "a", ["deu_Latn"], "sua", ["vie_Latn", "vie_Latn", None]),
        sample(1, "a", ["deu_Latn"], "uaua", ["vie_Latn", None, "vie_Latn", None]),
        sample(2, "a", ["deu_Latn"], "ua", [None, "source"]),
        sample(3, "a", ["deu_Latn"]),
    ]
    found = drawn(tmp_path, rows)
    langs = {template_langs(one.sample, one.lang): one.rows for one in found}
    assert langs == {("vie_Latn", "deu_Latn"): 2, ("deu_Latn", "eng_Latn"): 1, ("deu_Latn", "deu_Latn"): 1}
    for row in rows:
        assert template_langs(row, "deu_Latn") in langs


def test_the_segments_of_a_text_are_asked_for_in_its_language():
    asked = segments_of_templates({("deu_Latn", "{question} Keep it short. Go on."), ("fra_Latn", "Go on.")})
    assert asked.directions() == [Direction("eng_Latn", "deu_Latn"), Direction("eng_Latn", "fra_Latn")]
    assert asked.table(Direction("eng_Latn", "deu_Latn"))["text"].to_list() == ["Go on.", "Keep it short."]
