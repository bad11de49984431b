"""Names of things by label id: a user's table, with source priorities, and without what is no translation."""

from __future__ import annotations

from collections import defaultdict

from glotmill.engine.text.answers import LabelTable
from glotmill.recipes.sections.derive import Labels
from glotmill.schemas.errors import InputError
from glotmill.schemas.given_files import given_table
from glotmill.schemas.languages import ENGLISH, language

COLUMNS = ("label_id", "flores_code", "name", "source", "automatic")


def load_labels(section: Labels | None) -> LabelTable:
    """The names of a recipe's ``labels`` section: one for each label and language that has one.

    Of several, the first stands whose source is not to be avoided, else the first.

    Raises:
        InputError: The file is missing or not such a table.
    """
    if section is None:
        return {}
    chosen: LabelTable = defaultdict(dict)
    second: LabelTable = defaultdict(dict)
    rows = _rows(section)
    english: dict[str, set[str]] = defaultdict(set)
    for label, code, name, _, _ in rows:
        if code == ENGLISH:
            english[label].add(name.casefold())
    for label, code, name, source, automatic in rows:
        if code != ENGLISH and section.drop_english and name.casefold() in english[label]:
            continue
        if automatic and section.drop_automatic:
            continue
        into = second if source in section.avoid else chosen
        into[code].setdefault(label, name)
    return {code: {**second[code], **chosen[code]} for code in sorted({*chosen, *second})}


def _rows(section: Labels) -> list[tuple[str, str, str, str, bool]]:
    path = section.table
    expected = f"expected a TSV file with the columns {', '.join(COLUMNS)}"
    header, *rows = given_table("labels.table", path, expected.removeprefix("expected ")) or [[]]
    if tuple(header) != COLUMNS:
        msg = f"labels.table: {path}: {expected}"
        raise InputError(msg)
    found = []
    for number, row in enumerate(rows, start=1):
        if len(row) != len(COLUMNS) or not all(cell.strip() for cell in row[:3]) or row[4] not in ("0", "1"):
            msg = f"labels.table: {path}, row {number}: expected {len(COLUMNS)} cells, automatic 0 or 1, found {row!r}"
            raise InputError(msg)
        found.append((row[0], language(row[1]).code, row[2].strip(), row[3], row[4] == "1"))
    return found
