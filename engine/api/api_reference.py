"""The page of the public names, written from their signatures and docstrings: ``python -m
glotmill.engine.api.api_reference docs/api.md``.

Guarantees: every public name is on the page; a parameter without a meaning is an error.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import glotmill

HEAD = """# The API

`import glotmill` gives the commands as functions. Written from the code by
`python -m glotmill.engine.api.api_reference docs/api.md`; a test compares.

```python
import glotmill

recipe = glotmill.load_recipe("quickstart", {"limit": 10, "languages": ["deu_Latn"]})
summary = glotmill.build(recipe, out="outputs/first", workers=0)  # workers=0: in this process, without Ray
dataset = glotmill.open_dataset("outputs/first")
for row in dataset.records("deu_Latn"):
    print(row["record_id"], row["messages"])
frame = dataset.to_polars("deu_Latn", kept=None).collect()  # every row, with keep and filter_reasons
glotmill.refilter("outputs/first", overrides={"filter.round_trip.min_chrf": 30})
```

- **Errors.** Every error that is raised on purpose is a `GlotmillError`. What you can mend in a recipe, a value or a
  file is an `InputError`. Messages name the options of the command line, such as `--out` for `out`.
- **Quiet.** Nothing is printed, no signal handler is set and the process is never ended. `progress=True` shows the work
  on standard error. `progress=function` calls your function with a `StageProgress` at the beginning and end of each
  stage, and at most ten times a second in between. What your function raises ends the call; call again to go on.
- **Interrupting** a call, even by a kill, loses nothing that was translated. The dataset is the old one or the new one.
- **Notebooks** show each result as a line and a small table.

| type | what it may be |
|---|---|
| `PathInput` | text or a `pathlib.Path` |
| `RecipeInput` | a recipe file, the name of a built-in recipe, a mapping with a recipe's content, or a `Recipe` |
| `Overrides` | a mapping of `key.key` to values, or a list of `key.key=value` with values in YAML |
| `Progress` | True, False, or a function of a `StageProgress` |
"""
GROUPS = {
    "Make a dataset": ("load_recipe", "preview", "plan", "build", "refilter"),
    "Make its engine faster": ("make_vocabulary", "tune"),
    "Look at it": ("show", "explain", "diff", "score", "report", "calibrate", "calibrate_quality"),
    "Share and check it": ("publish", "rollback", "pull", "export", "verify"),
    "Read it": ("open_dataset", "Dataset", "LanguageCount"),
    "What the functions return": (
        "Recipe", "Preview", "Plan", "BuildSummary", "RefilterSummary", "ChosenRows", "Explanation", "Difference",
        "PairScores", "ReportOutcome", "CalibrationOutcome", "QualityOutcome", "PublishOutcome", "PullOutcome",
        "ExportOutcome", "Verification", "WrittenVocabulary", "Tuning", "StageProgress",
    ),
    "Errors": (
        "GlotmillError", "InputError", "SchemaError", "ConservationError", "TranslatorError", "WorkerError",
        "StoreError", "PublishError",
    ),
}  # fmt: skip
SECTIONS = ("Args", "Attributes", "Returns", "Raises")
INTERNAL = ("notebook_view", "from_last")
Sections = dict[str, dict[str, str]]


def parsed(doc: str | None) -> tuple[str, Sections]:
    """(text, entries by section) of a docstring of ours.

    Args:
        doc: The docstring.
    """
    text: list[str] = []
    sections: Sections = {}
    section = entry = ""
    for line in inspect.cleandoc(doc or "").splitlines():
        if line.removesuffix(":") in SECTIONS and line.endswith(":"):
            section, entry = line.removesuffix(":"), ""
            sections[section] = {}
        elif not section:
            text.append(line)
        elif line.startswith("    ") and not line.startswith("     ") and section != "Returns":
            entry, _, meaning = line.strip().partition(": ")
            sections[section][entry] = meaning
        elif line.strip():
            sections[section][entry] = f"{sections[section].get(entry, '')} {line.strip()}".strip()
    return "\n".join(text).strip(), sections


def reference() -> str:
    """The page.

    Raises:
        LookupError: A public name is in no group, or a parameter or attribute has no meaning.
    """
    named = {name for names in GROUPS.values() for name in names}
    if missing := set(glotmill.__all__) - named - {"__version__"}:
        msg = f"no group for {', '.join(sorted(missing))}"
        raise LookupError(msg)
    lines = [HEAD]
    for group, names in GROUPS.items():
        lines += [f"## {group}", ""]
        for name in names:
            value = getattr(glotmill, name)
            lines += [f"### {name}", "", *(_class(value) if inspect.isclass(value) else _function(name, value))]
    return "\n".join(lines)


def _class(value: type) -> Iterator[str]:
    text, sections = parsed(value.__doc__)
    yield _prose(text)
    yield ""
    if value is glotmill.Recipe:
        yield "Its keys are in [recipe keys](recipe-keys.md)."
        yield ""
        return
    if issubclass(value, Exception):
        if value is not glotmill.GlotmillError:
            yield f"A `{value.__mro__[1].__name__}`; exit code {value.exit_code} of the command line."  # type: ignore[attr-defined]
            yield ""
        return
    members = {
        name: member for name, member in vars(value).items() if not name.startswith("_") and name not in INTERNAL
    }
    attributes = sections.get("Attributes", {})
    attributes |= {
        name: " ".join(parsed(member.__doc__)[0].split())
        for name, member in members.items()
        if isinstance(member, property)
    }
    fields = [name for name in getattr(value, "__dataclass_fields__", ()) if name not in attributes]
    if fields:
        msg = f"{value.__name__}: no meaning of {', '.join(fields)} in its docstring"
        raise LookupError(msg)
    if attributes:
        yield from _table("attribute", attributes)
    for name, member in members.items():
        if inspect.isfunction(member) and member.__doc__:
            yield f"#### {value.__name__}.{name}"
            yield ""
            yield from _function(name, member)


def _function(name: str, function: Any) -> Iterator[str]:
    parameters = list(inspect.signature(function).parameters.values())
    parameters = [one for one in parameters if one.name != "self"]
    text, sections = parsed(function.__doc__)
    meanings = sections.get("Args", {})
    if unknown := [one.name for one in parameters if one.name not in meanings]:
        msg = f"{name}: no meaning of {', '.join(unknown)} in its docstring"
        raise LookupError(msg)
    yield "```python"
    yield from _signature(name, parameters, inspect.signature(function).return_annotation)
    yield "```"
    yield ""
    yield _prose(text)
    yield ""
    if parameters:
        yield from _table("parameter", {one.name: meanings[one.name] for one in parameters})
    if returned := sections.get("Returns"):
        yield f"Returns: {_prose(returned[''])}"
        yield ""
    if raised := sections.get("Raises"):
        yield "Raises:"
        yield ""
        yield from (f"- `{error}`: {_prose(meaning)}" for error, meaning in raised.items())
        yield ""


def _signature(name: str, parameters: list[inspect.Parameter], returned: Any) -> Iterator[str]:
    stated = []
    for place, one in enumerate(parameters):
        if one.kind is one.KEYWORD_ONLY and (place == 0 or parameters[place - 1].kind is not one.KEYWORD_ONLY):
            stated.append("*")
        default = "" if one.default is one.empty else f" = {one.default!r}"
        stated.append(f"{one.name}: {one.annotation}{default}")
    line = f"{name}({', '.join(stated)}) -> {returned}"
    if len(line) <= 100:
        yield line
        return
    yield f"{name}("
    yield from (f"    {one}," for one in stated)
    yield f") -> {returned}"


def _table(what: str, entries: dict[str, str]) -> Iterator[str]:
    yield f"| {what} | meaning |"
    yield "|---|---|"
    for name, meaning in entries.items():
        cells = (f"`{name}`", _prose(meaning).replace("|", "\\|"))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _prose(text: str) -> str:
    return dedent(text).replace("``", "`")


def main() -> None:
    """Write the page into the file that is named."""
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
