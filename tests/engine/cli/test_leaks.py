"""A key that a server repeats stands nowhere: on no terminal and in no file."""

from __future__ import annotations

import itertools
import logging

import pytest

from tests.stand_in_llm import StandIn

KEY = "w0rd-of-power-17"


@pytest.mark.parametrize("fault", ["repeat:400", "repeat:401", "repeat"])
def test_a_key_that_the_server_repeats_stands_nowhere(glotmill, recipe_file, tmp_path, monkeypatch, fault: str):
    monkeypatch.setenv("MY_KEY", KEY)
    with StandIn({"number 3 ": itertools.repeat(fault)}) as server:
        engine = {"engine": "openai", "model": "stand-in", "url": server.url, "attempts": 1, "key_env": "MY_KEY"}
        said = [glotmill("build", recipe_file(translate=engine, languages=["deu_Latn"], max_failed=1.0))]
        assert server.headers["authorization"] == f"Bearer {KEY}"
    said += [glotmill(verb, "outputs/small") for verb in ("status", "traceback")]
    said.append(glotmill("traceback", "outputs/small", "--json"))
    assert KEY not in str(said)
    assert "***" in str(said) or fault == "repeat"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert "events.jsonl" in {path.name for path in files}
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_a_run_that_was_written_before_is_shown_without_the_key(glotmill, recipe_file, tmp_path, monkeypatch):
    glotmill("build", recipe_file())
    (run,) = (tmp_path / "outputs" / "small" / "runs").iterdir()
    with (run / "events.jsonl").open("a") as events:
        events.write(f'{{"time": 1, "event": "attempt_ended", "why": "401 {KEY}"}}\n')
    monkeypatch.setenv("MY_KEY", KEY)
    for command in (["status"], ["traceback"], ["status", "--json"], ["traceback", "--json"]):
        _, out, _ = glotmill(command[0], "outputs/small", *command[1:])
        assert KEY not in out
    assert "401 ***" in glotmill("traceback", "outputs/small")[1]


def test_bugs_and_warnings_are_shown_without_the_key(glotmill, recipe_file, monkeypatch, caplog):
    def bug(*_: object, **__: object) -> None:
        logging.getLogger("some.library").warning("retrying with %s", KEY)
        raise RuntimeError(f"Bearer {KEY}")

    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setattr("glotmill.engine.api.builds.prepare", bug)
    code, _, err = glotmill("build", recipe_file())
    assert code == 1
    assert "Traceback (most recent call last)" in err
    assert "RuntimeError: Bearer ***" in err
    assert [record.getMessage() for record in caplog.records] == ["retrying with ***"]
