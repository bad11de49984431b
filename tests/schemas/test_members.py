"""The members of a family: ours, and those that other packages announce."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from glotmill.engine.export.contract import ExporterMember
from glotmill.engine.export.registry import EXPORTERS
from glotmill.engine.samples.tasks.registry import MEMBERS as TASKS
from glotmill.engine.sources.registry import MEMBERS as SOURCES
from glotmill.engine.translators.registry import MEMBERS as TRANSLATORS
from glotmill.filters.registry import MEMBERS as SCORERS
from glotmill.schemas.errors import InputError
from glotmill.schemas.members import Provider
from tests.conftest import ROOT
from tests.foreign_package import install, on_path

GROUP = 'entry-points."glotmill.exporters"'


def package(name: str, **points: str) -> dict[str, str]:
    listed = "".join(f'{key} = "{at}"\n' for key, at in points.items())
    return {"pyproject.toml": f'[project]\nname = "{name}"\nversion = "2.5"\n[project.{GROUP}]\n{listed}'}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    with on_path(tmp_path):
        yield tmp_path


@pytest.mark.parametrize("members", [SOURCES, TRANSLATORS, TASKS, EXPORTERS, SCORERS])
def test_every_module_of_a_family_is_a_member_of_its_name(members):
    assert set(members.order) == set(members.built_in()), "a name that no module has, or one without a place"
    for name in members.built_in():
        assert isinstance(members.get(name), members.kind)
        assert members.provider(name) is None


@pytest.mark.parametrize(
    ("members", "page"),
    [
        (SOURCES, "sources.md"),
        (TRANSLATORS, "engines.md"),
        (TASKS, "recipes.md"),
        (EXPORTERS, "publishing.md"),
        (SCORERS, "filters.md"),
    ],
)
def test_the_page_of_a_family_has_the_row_of_every_member(members, page: str):
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    for name in members.built_in():
        row = members.get(name).row
        named = (f"`{name}`", f"[`{name}`](#{name})")
        assert row
        assert {f"| {' | '.join((shown, *row))} |" for shown in named} & {*lines}, (name, row)


def test_a_member_of_another_package_is_imported_when_it_is_named(site: Path):
    code = "from glotmill.engine.export.llava import MEMBER\n"
    install({**package("two-words", mine="named_member:MEMBER"), "named_member.py": code}, site)
    assert EXPORTERS.names()[-1] == "mine"
    assert EXPORTERS.provider("mine") == Provider("two-words", "2.5")
    assert "named_member" not in sys.modules
    assert isinstance(EXPORTERS.get("mine"), ExporterMember)
    assert "named_member" in sys.modules


def test_a_name_of_ours_is_not_taken_over(site: Path):
    install(package("other", llava="anything:MEMBER"), site)
    with pytest.raises(InputError, match=r"^format 'llava' is offered by Glotmill itself and by other 2\.5; uninstall"):
        EXPORTERS.get("llava")
    assert EXPORTERS.names() == EXPORTERS.built_in()
    assert EXPORTERS.get("trl")


def test_a_name_that_two_packages_offer_is_refused_whichever_came_first(site: Path):
    for name in ("one", "another"):
        install(package(name, mine="anything:MEMBER"), site)
    with pytest.raises(InputError, match=r"'mine' is offered by (one|another) 2\.5 and by (one|another) 2\.5"):
        EXPORTERS.get("mine")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "import no_such_library\n",
            r"'mine' of p 2\.5 cannot be imported from bad_member:MEMBER: ModuleNotFoundError",
        ),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("", "AttributeError"),
        ("MEMBER = 3\n", r"format 'mine' of p 2\.5: expected a ExporterMember, found int"),
    ],
)
def test_a_member_that_is_none_is_one_line(site: Path, code: str, message: str):
    install({**package("p", mine="bad_member:MEMBER"), "bad_member.py": code}, site)
    with pytest.raises(InputError, match=message) as caught:
        EXPORTERS.get("mine")
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_answered_with_those_that_there_are(site: Path):
    install(package("p", mine="anything:MEMBER"), site)
    with pytest.raises(InputError, match=r"unknown format 'lava': expected one of .*trl.*mine; did you mean 'llava'\?"):
        EXPORTERS.get("lava")
