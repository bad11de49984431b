from __future__ import annotations

from pathlib import Path

import pytest

from glotmill.engine.text.labels import load_labels
from glotmill.recipes.sections.derive import Labels
from glotmill.schemas.errors import InputError

HEAD = "label_id\tflores_code\tname\tsource\tautomatic\n"
ROWS = """n1\teng_Latn\ttench\tWN\t0
n1\tdeu_Latn\tSchleie-wiki\tWIKIRED\t0
n1\tdeu_Latn\tSchleie\tWIKI\t0
n1\tfra_Latn\tTench\tWIKI\t0
n1\tces_Latn\tlín (strojově)\tGOOGLE\t1
n1\tita_Latn\ttinca rossa\tWIKIRED\t0
n2\teng_Latn\tcrane\tWN\t0
n2\tdeu_Latn\tKran\tWN\t0
n2\tdeu_Latn\tHebekran\tWN\t0
"""


def labels(tmp_path: Path, content: str = HEAD + ROWS, **keys) -> dict[str, dict[str, str]]:
    path = tmp_path / "labels.tsv"
    path.write_text("# mine\n" + content, encoding="utf-8")
    return load_labels(Labels(table=path, **keys))


def test_machine_translated_and_english_names_are_dropped_and_the_first_that_is_left_stands(tmp_path: Path):
    assert labels(tmp_path, avoid=("WIKIRED",)) == {
        "eng_Latn": {"n1": "tench", "n2": "crane"},
        "deu_Latn": {"n1": "Schleie", "n2": "Kran"},
        "ita_Latn": {"n1": "tinca rossa"},  # of a source to be avoided, but there is no other
    }


def test_the_rules_can_be_switched_off(tmp_path: Path):
    found = labels(tmp_path, drop_automatic=False, drop_english=False)
    assert found["fra_Latn"] == {"n1": "Tench"}
    assert found["ces_Latn"] == {"n1": "lín (strojově)"}
    assert found["deu_Latn"]["n1"] == "Schleie-wiki"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\n", "expected a TSV file with the columns"),
        (HEAD + "n1\tdeu_Latn\tx\tWN\n", "row 1: expected 5 cells"),
        (HEAD + "n1\tdeu_Latn\tx\tWN\tyes\n", "automatic 0 or 1"),
        (HEAD + "n1\tdeu\tx\tWN\t0\n", "unknown language code"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, content: str, message: str):
    with pytest.raises(InputError) as caught:
        labels(tmp_path, content)
    assert message in str(caught.value)
