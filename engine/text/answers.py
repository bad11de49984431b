"""Answers that are known beforehand: a table of short English answers in several languages.

Guarantees: an answer found in the table is the same in every record; a table that is not well formed is an
`InputError` that names the file and the line.
"""

from __future__ import annotations

import csv
from pathlib import Path

from engine.embedded import ANSWERS
from schemas.errors import InputError
from schemas.languages import ENGLISH, language

AnswerTable = dict[str, dict[str, str]]  # language -> English answer in lower case -> translation


def load_answers(table: str | Path | None) -> AnswerTable:
    """The table of a recipe's ``answers.table``.

    Raises:
        InputError: The file is missing or not a table of answers.
    """
    if table is None:
        return {}
    path = ANSWERS if table == "embedded" else Path(table)
    if not path.is_file():
        msg = f"answers.table: {path} does not exist: expected a TSV file with a header of FLORES-200 codes"
        raise InputError(msg)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows or rows[0][0] != ENGLISH:
        msg = f"answers.table: {path}: expected a header that starts with {ENGLISH}"
        raise InputError(msg)
    codes = [language(code).code for code in rows[0]]
    found: AnswerTable = {code: {} for code in codes[1:]}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(codes) or not all(cell.strip() for cell in row):
            msg = f"answers.table: {path}, line {number}: expected {len(codes)} cells with text, found {row!r}"
            raise InputError(msg)
        english = row[0].casefold()
        if english in found[codes[1]]:
            msg = f"answers.table: {path}, line {number}: '{row[0]}' stands twice"
            raise InputError(msg)
        for code, cell in zip(codes[1:], row[1:], strict=True):
            found[code][english] = cell
    return found
