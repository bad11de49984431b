"""``glotmill recipes`` and ``glotmill languages``: what there is to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from glotmill.engine.cli.say import emit

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from rich.table import Table


def recipes_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the recipes that ship with Glotmill.

    Example: glotmill recipes
    """
    from glotmill.engine.commands.load_recipe import load_recipe
    from glotmill.engine.samples.tasks.registry import DERIVATIONS
    from glotmill.engine.sources.registry import SOURCES
    from glotmill.recipes.load import built_in_recipes

    found: dict[str, dict[str, Any]] = {}
    for name, path in built_in_recipes().items():
        recipe = load_recipe(str(path))
        found[name] = {
            "description": recipe.description,
            "languages": len(recipe.languages),
            "sources": {source: SOURCES.name_of(stated) for source, stated in recipe.sources.items()},
            "derived": {derived: DERIVATIONS.name_of(spec) for derived, spec in recipe.derive.items()},
            "mode": recipe.mix.mode,
        }
    emit(found, _show_recipes, as_json=as_json)


def _show_recipes(found: dict[str, dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table("recipe", "languages", "mix", "sources", "description", box=None, pad_edge=False)
    for name, facts in found.items():
        formats = ", ".join(dict.fromkeys(facts["sources"].values()))
        table.add_row(name, str(facts["languages"]), str(facts["mode"]), formats, str(facts["description"]))
    _print(table)


def languages_command(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(help="Codes or groups as in a recipe: deu_Latn, mblip, 'tier:T1 & script:Latn'."),
    ] = None,
    show_groups: Annotated[bool, typer.Option("--groups", help="List the groups instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List language codes with what each translation backend and the language-ID model supports.

    lid176 is `direct` where the model tells the language itself, `macro` where it tells its family of varieties,
    `script_unique` or `script_only` where only the script says something, `none` where nothing does.

    Example: glotmill languages tier:T1; what is taken away stands behind --: glotmill languages -- mblip -eng_Latn
    """
    from glotmill.engine.translators.shared.supported_languages import backends
    from glotmill.recipes.language_sets import expand, groups
    from glotmill.schemas.languages import language, registry

    if show_groups:
        emit({name: list(codes) for name, codes in groups().items()}, _show_groups, as_json=as_json)
        return
    codes = expand(wanted) if wanted else tuple(registry())
    support = backends()
    found = {
        code: {
            "name": language(code).name,
            "bcp47": language(code).bcp47,
            "script": language(code).script,
            "lid176": language(code).lid176_identifiability,
            "backends": [name for name, has in support.items() if code in has],
        }
        for code in codes
    }
    emit(found, lambda _: _show_languages(found, support), as_json=as_json)


def _show_groups(sizes: dict[str, list[str]]) -> None:
    from rich.table import Table

    table = Table("group", "languages", box=None, pad_edge=False)
    for name, members in sizes.items():
        table.add_row(name, str(len(members)))
    _print(table)


def _show_languages(found: Mapping[str, Mapping[str, Any]], support: Mapping[str, Container[str]]) -> None:
    from rich.table import Table

    table = Table("code", "name", "bcp47", "lid176", *support, box=None, pad_edge=False)
    for code, facts in found.items():
        marks = ["yes" if code in has else "-" for has in support.values()]
        table.add_row(code, str(facts["name"]), str(facts["bcp47"]), str(facts["lid176"]), *marks)
    _print(table)


def _print(table: Table) -> None:
    from glotmill.engine.cli.screen import Screen
    from glotmill.engine.text.tables import print_table

    print_table(Screen(), table)
