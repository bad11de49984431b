"""A secret in a recipe would be in every dataset that it makes: it is refused with the way to do it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.recipes.secrets import names_secret
from glotmill.schemas.errors import InputError

SECRET = "w0rd-of-power-17"


def recipe(tmp_path, **changes: Any) -> str:
    content = {
        "name": "small",
        "sources": {"small": {"format": "jsonl", "path": "x.jsonl", "license": "cc0-1.0"}},
        "languages": ["deu_Latn"],
        "translate": {"engine": "openai", "model": "m"},
    }
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(content | changes))
    return str(path)


def extra(**keys: Any) -> dict[str, Any]:
    return {"translate": {"engine": "openai", "model": "m", "extra": keys}}


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"api_key": SECRET}, "api_key"),
        ({"Authorization": f"Bearer {SECRET}"}, "Authorization"),
        ({"token": SECRET}, "token"),
        ({"metadata": {"provider": [{"apiKey": SECRET}]}}, "metadata.provider.0.apiKey"),
        ({"extra_headers": {"X-Org": "a"}}, "extra_headers"),
        ({"options": {"headers": {"X-Auth-Token": SECRET}}}, "options.headers"),
        ({"password": 123456}, "password"),
        ({"harmless": "hf_abcdefghijklmnopqrstuvwx"}, "harmless"),
    ],
)
def test_a_key_in_extra_is_refused_with_the_way_to_do_it(keys: dict[str, Any], named: str, tmp_path):
    with pytest.raises(InputError) as caught:
        load_recipe(recipe(tmp_path, **extra(**keys)))
    words = str(caught.value)
    assert f"translate.extra: '{named}' is a secret" in words
    assert "'key_env'" in words
    assert SECRET not in words
    assert "\n" not in words


def test_a_secret_of_the_environment_is_refused_under_any_name(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", SECRET)
    with pytest.raises(InputError, match="'user' is a secret"):
        load_recipe(recipe(tmp_path, **extra(user=SECRET)))


@pytest.mark.parametrize("section", ["judge", "routing"])
def test_so_is_one_of_a_judge_and_of_another_engine(section: str, tmp_path):
    engine = extra(api_key=SECRET)["translate"]
    changes = {"score": {"llm_judge": engine}} if section == "judge" else {"routing": {"second": engine}}
    with pytest.raises(InputError, match="'api_key' is a secret"):
        load_recipe(recipe(tmp_path, **changes))


def test_what_servers_really_take_stays(tmp_path):
    keys = {
        "min_p": 0.1, "stop_token_ids": [1], "max_tokens": 5, "eos_token": "</s>", "prompt_cache_key": "x", "top_k": 3,
        "skip_special_tokens": True, "chat_template_kwargs": {"enable_thinking": False}, "keyword": "a", "author": "b",
        "response_format": {"json_schema": {"properties": {"token": {"type": "string"}, "key": {"type": "string"}}}},
    }  # fmt: skip
    assert load_recipe(recipe(tmp_path, **extra(**keys))).translate.extra == keys  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["api_key", "apiKey", "API-KEY", "x-api-key", "key", "access_token", "secretKey"])
def test_the_names_of_secrets_are_known_however_they_are_written(name: str):
    assert names_secret(name)


@pytest.mark.parametrize("key", ["sk-abc-def", "sk abc", "1key"])
def test_a_key_where_its_variables_name_belongs_is_not_repeated(key: str, tmp_path):
    with pytest.raises(InputError, match=r"translate\.key_env: expected the name of an environment variable") as caught:
        load_recipe(recipe(tmp_path, translate={"engine": "openai", "model": "m", "key_env": key}))
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"memory": f"s3://AKIA:{SECRET}@bucket/m"}, "memory"),
        ({"description": f"from s3://AKIA:{SECRET}@bucket/m"}, "description"),
        ({"sources": {"small": {"format": "jsonl", "path": f"s3://AKIA:{SECRET}@b/x", "license": "mit"}}},
         "sources.small.path"),
        ({"sources": {"small": {"format": "jsonl", "path": "x", "license": "mit",
                                "images": {"base": f"https://me:{SECRET}@h/"}}}}, "sources.small.images.base"),
    ],
)  # fmt: skip
def test_an_address_with_a_password_is_refused_with_the_way_to_do_it(changes: dict[str, Any], named: str, tmp_path):
    with pytest.raises(InputError) as caught:
        load_recipe(recipe(tmp_path, **changes))
    words = str(caught.value)
    assert f"{named}: an address with a password" in words
    assert "leave the password out of it" in words
    assert SECRET not in words


def test_a_servers_url_may_have_one_and_no_dataset_sees_it(tmp_path):
    url = f"http://me:{SECRET}@127.0.0.1/v1"
    loaded = load_recipe(recipe(tmp_path, translate={"engine": "openai", "model": "m", "url": url}))
    assert SECRET not in str(loaded.lock())
