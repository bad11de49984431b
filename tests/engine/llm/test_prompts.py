import pytest
import yaml

from glotmill.engine.llm.prompts import BUILTIN, load_prompts
from glotmill.recipes.language_sets import groups
from glotmill.schemas.errors import InputError

SHIPPED = yaml.safe_load(BUILTIN.read_text(encoding="utf-8"))


def written(tmp_path, **changes):
    path = tmp_path / "prompts.yaml"
    path.write_text(yaml.safe_dump({**SHIPPED, **changes}), encoding="utf-8")
    return path


def test_a_prompt_names_both_languages_the_script_and_the_languages_note():
    said = load_prompts("builtin").system("segment", "eng_Latn", "jpn_Jpan")
    assert "from English into Japanese, written in the script Jpan" in said
    assert SHIPPED["notes"]["jpn_Jpan"] in said
    assert "$" not in said
    plain = load_prompts("builtin").system("segment", "eng_Latn", "zul_Latn")
    assert "from English into Zulu" in plain
    assert not plain.endswith("\n")


def test_every_language_of_palo_has_a_note():
    assert set(groups()["palo"]) - {"eng_Latn"} <= set(SHIPPED["notes"])


def test_any_change_of_the_file_is_another_fingerprint(tmp_path):
    same = load_prompts(written(tmp_path)).fingerprint
    assert same == load_prompts("builtin").fingerprint
    load_prompts.cache_clear()
    notes = {**SHIPPED["notes"], "deu_Latn": "Duzen."}
    assert load_prompts(written(tmp_path, notes=notes)).fingerprint != same


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"segment": "Into $langauge"}, "langauge"),
        ({"record": ""}, "record"),
        ({"notes": {"deu": "x"}}, "FLORES-200"),
        ({"extra": "x"}, "unknown key 'extra'"),
    ],
)
def test_a_file_that_is_no_prompts_is_refused_with_what_is_wrong(tmp_path, changes, said):
    load_prompts.cache_clear()
    with pytest.raises(InputError, match=said):
        load_prompts(written(tmp_path, **changes))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist; expected a file of prompts"):
        load_prompts(tmp_path / "none.yaml")
