"""A recipe's own rules: SQL expressions over score columns, checked before anything runs.

Guarantees: an expression is data. It may compare, calculate and test for null, row by row, on score columns and
``lang``; it can call nothing else, read no table and see no other row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from glotmill.filters.rules import ACTIONS, Action, Rule
from glotmill.schemas.errors import InputError, one_line, shortened
from glotmill.schemas.languages import nearest
from glotmill.schemas.record import Metric

MAX_CHARACTERS = 5_000  # of an expression; the time to check one grows faster than its length
USER = "user"
FAILS = "fails"
# Nodes and functions of Polars' expressions that look at one row alone and can only calculate.
_NODES = {"Column", "Literal", "BinaryExpr", "Ternary", "Cast", "Function", "Alias"}
_FUNCTIONS = {"Abs", "Coalesce", "Round", "Floor", "Ceil", "Negate"}
_ROW_TESTS = {
    "Boolean": {"IsNull", "IsNotNull", "IsIn", "IsBetween", "IsNan", "IsNotNan", "IsFinite", "Not"},
    "Sql": {"IsIn", "Binary"},  # how SQL compares and reckons with decimal numbers
    "StringExpr": {"StartsWith", "EndsWith", "Contains"},
}


def user_rule(name: str, value: object, metrics: Iterable[Metric]) -> Rule:
    """The rule of ``filter.user.<name>: {fails: EXPRESSION, action: reject | warn | off}``.

    Raises:
        InputError: It is no such mapping, no expression that may be used, or names an unknown column.
    """
    key = f"filter.{USER}.{name}"
    if not isinstance(value, Mapping) or FAILS not in value or not set(value) <= {FAILS, "action"}:
        msg = f"{key}: expected {{{FAILS}: an SQL expression over score columns, action: reject}}, found {value!r}"
        raise InputError(msg)
    action = value.get("action", "reject")
    if action not in ACTIONS:
        msg = f"{key}.action: expected {' | '.join(ACTIONS)}, found {action!r}"
        raise InputError(msg)
    text = str(value[FAILS])
    expression = _checked(f"{key}.{FAILS}", text, {metric.score_column: pl.Float32() for metric in metrics})
    return Rule(USER, name, text, (), lambda _: expression, action=_as_action(action))


def _as_action(action: Any) -> Action:
    checked: Action = action
    return checked


def _checked(key: str, text: str, columns: Mapping[str, pl.DataType]) -> pl.Expr:
    schema = {**columns, "lang": pl.String()}
    if len(text) > MAX_CHARACTERS:
        msg = f"{key}: {len(text):,} characters; an expression has at most {MAX_CHARACTERS:,}"
        raise InputError(msg)
    try:
        expression = pl.sql_expr(text)
        tree = json.loads(expression.meta.serialize(format="json"))
    except (pl.exceptions.PolarsError, ValueError, TypeError) as error:
        msg = f"{key}: not an SQL expression: {shortened(one_line(error))}"
        raise InputError(msg) from None
    except RecursionError:
        msg = f"{key}: nested too deeply; make several rules of it"
        raise InputError(msg) from None
    except pl.exceptions.PanicException:
        msg = f"{key}: not an SQL expression that can be used"
        raise InputError(msg) from None
    for kind in _refused(tree):
        msg = f"{key}: {kind} is not allowed: only comparisons and arithmetic on one row's score columns are"
        raise InputError(msg)
    for column in expression.meta.root_names():
        if column not in schema:
            found = nearest(column, schema)
            hint = f"did you mean '{found[0]}'?" if found else f"known: {', '.join(schema)}"
            msg = f"{key}: unknown column '{column}'; {hint}"
            raise InputError(msg)
    try:
        dtype = _tried(columns).select(expression).dtypes[0]
    except pl.exceptions.PolarsError as error:
        msg = f"{key}: {shortened(one_line(error).partition(' This error occurred')[0])}"
        raise InputError(msg) from None
    if dtype != pl.Boolean:
        msg = f"{key}: expected an expression that is true or false, found one of type {dtype}"
        raise InputError(msg)
    return expression


def _tried(columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows with values as scores have them: an expression that fails on data, such as CAST(lang AS INT), fails here."""
    values = [None, 0.0, 0.5, -1.5, 100.0]
    scores = {name: pl.Series(values, dtype=dtype) for name, dtype in columns.items()}
    return pl.DataFrame({**scores, "lang": ["deu_Latn"] * len(values)})


def _refused(node: Any) -> Iterator[str]:
    """Names of the parts of a serialised expression that are not allowed."""
    if not isinstance(node, dict) or len(node) != 1:
        yield str(node)
        return
    ((kind, inside),) = node.items()
    if kind not in _NODES:
        yield kind
    elif kind == "BinaryExpr":
        yield from (*_refused(inside["left"]), *_refused(inside["right"]))
    elif kind == "Ternary":
        for part in ("predicate", "truthy", "falsy"):
            yield from _refused(inside[part])
    elif kind == "Function":
        yield from _refused_function(inside["function"])
        for part in inside["input"]:
            yield from _refused(part)
    elif kind == "Cast":
        yield from _refused(inside["expr"])
    elif kind == "Alias":
        yield from _refused(inside[0])


def _refused_function(function: Any) -> Iterator[str]:
    name, inside = next(iter(function.items())) if isinstance(function, dict) else (function, None)
    test = next(iter(inside)) if isinstance(inside, dict) else inside
    if name not in _FUNCTIONS and test not in _ROW_TESTS.get(name, ()):
        yield f"{name} {test}" if test else str(name)
