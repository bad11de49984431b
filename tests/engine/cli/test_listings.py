from __future__ import annotations

import orjson
import pytest
import yaml

from glotmill.recipes.load import built_in_recipes


def test_recipes_are_listed_with_what_they_hold(glotmill):
    code, out, _ = glotmill("recipes", "--json")
    found = orjson.loads(out)
    assert code == 0
    assert set(found) == set(built_in_recipes())
    assert found["mblip"]["languages"] == 96
    assert found["mblip"]["mode"] == "one_each"
    assert found["palo"]["sources"] == {"instruct": "llava", "mix665k": "llava"}
    _, out, _ = glotmill("recipes")
    assert all(name in out for name in built_in_recipes())


LLM = ("openai (as far as the model knows them)", "vllm (as far as the model knows them)")


def test_languages_say_what_each_backend_and_the_language_id_support(glotmill):
    code, out, _ = glotmill("languages", "--json")
    found = orjson.loads(out)
    assert code == 0
    assert len(found) == 204
    assert found["deu_Latn"]["backends"] == ["nllb (NLLB-200)", "nllb (embedded)", "madlad (MADLAD-400)", *LLM, "fake"]
    assert found["arb_Latn"]["backends"] == [*LLM, "fake"]
    assert found["deu_Latn"]["lid176"] == "direct"


def test_languages_are_chosen_as_in_a_recipe(glotmill):
    _, out, _ = glotmill("languages", "--json", "--", "palo & script:Arab", "-arb_Arab")
    assert list(orjson.loads(out)) == ["urd_Arab"]
    _, out, _ = glotmill("languages", "--groups", "--json")
    assert len(orjson.loads(out)["tier:T5"]) == 7
    _, out, _ = glotmill("languages", "deu_Latn")
    assert out.split()[:2] == ["code", "name"]


def test_an_unknown_group_is_one_line(refuses):
    assert "did you mean 'mblip'" in refuses("languages", "mblib")


@pytest.fixture
def small(tmp_path, captions):
    path = tmp_path / "small.yaml"
    content = {
        "name": "small", "sources": {"s": {"format": "jsonl", "path": str(captions), "license": "mit"}},
        "languages": ["deu_Latn", "fra_Latn"], "translate": {"engine": "fake"}, "workers": 0,
        "templates": {"instruction": "target"},
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content))
    return path


def test_preview_prints_mix_estimate_and_rows(glotmill, small):
    code, out, _ = glotmill("preview", small, "-n", "3", "--rate", "100")
    assert code == 0
    assert out.split()[:3] == ["language", "target", "rows"]
    assert "segments: " in out
    assert "at 100 tokens/s" in out
    assert out.count("(not translated yet)") >= 6
    code, out, _ = glotmill("preview", small, "-n", "0", "--no-measure", "--json")
    found = orjson.loads(out)
    assert found["rows"] == []
    assert found["estimate"]["seconds"] is None


def test_preview_names_what_the_mix_cannot_meet(glotmill, small):
    settings = (
        "languages=[eng_Latn, deu_Latn]", "mix={quotas: {'*': 3}}",
        "derive={pairs: {kind: cross_lingual, sources: [s], mode: en2x}}",
    )  # fmt: skip
    code, out, _ = glotmill(
        "preview", small, "-n", "0", "--no-measure", *(word for setting in settings for word in ("--set", setting))
    )
    assert code == 0
    assert "mix: pairs is 3 rows short of its targets, as too few rows may go into eng_Latn (0 of 3)\n" in out


def test_templates_are_written_for_review_and_read_again(glotmill, small, tmp_path):
    table = tmp_path / "t.tsv"
    code, out, _ = glotmill("templates", small, "--to", table)
    assert code == 0
    assert "0 reviewed" in out
    text = table.read_text(encoding="utf-8")
    assert "caption.plain.1\tdeu_Latn\tSayˈdeu" in text
    table.write_text(
        text.replace("caption.plain.1\tdeu_Latn\tSayˈdeu", "caption.plain.1\tdeu_Latn\tSAG"), encoding="utf-8"
    )
    code, out, _ = glotmill("templates", small, "--to", tmp_path / "u.tsv", "--set", f"templates.translations={table}")
    assert "0 machine" in out
    assert "caption.plain.1\tdeu_Latn\tSAG" in (tmp_path / "u.tsv").read_text(encoding="utf-8")


def test_templates_of_a_recipe_without_any_are_refused(refuses, small, tmp_path):
    text = refuses("templates", small, "--to", tmp_path / "t.tsv", "--set", "templates=null")
    assert "no templates section" in text
