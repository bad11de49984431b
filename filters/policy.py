"""The policy: the rules of one build with its thresholds and actions, and their verdict on scored rows.

Guarantees: a verdict is a pure function of the score columns, ``lang`` and ``task``; every failing rule is named, in
the order of the rules; what a recipe gets wrong is one `InputError` with its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from glotmill.filters.calibration import LETTERS, Calibration
from glotmill.filters.quality_fit import LOWEST, QualityFit
from glotmill.filters.registry import MEMBERS, rules_of
from glotmill.filters.rules import ACTIONS, Action, Parameter, Rule
from glotmill.filters.user_rules import USER, user_rule
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import nearest
from glotmill.schemas.record import Metric

NEEDS_SCORE = "needs_score"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one build with their thresholds and actions.

    Attributes:
        parameters: Threshold by ``<scorer>.<parameter>``.
        actions: Action by reason code.
        known: The rules of the scorers that run, in order; those without an action are left out.
        user: The recipe's own rules.
        calibration: Thresholds by language, where the recipe names a file of them.
        fixed: Parameters that the recipe states, which no calibration and no fit changes.
        fit: What the build fitted to its own translations: shares of rows are thresholds by it, and rules that depend
            on the engine have its thresholds.
    """

    parameters: dict[str, float]
    actions: dict[str, Action]
    known: tuple[Rule, ...]
    user: tuple[Rule, ...] = ()
    calibration: Calibration | None = None
    fixed: frozenset[str] = field(default_factory=frozenset)
    fit: QualityFit | None = None

    def all_rules(self) -> list[Rule]:
        """The rules of the scorers that run and the recipe's own, in order, whatever their actions."""
        return [rule for rule in (*self.known, *self.user) if rule.code in self.actions]

    def rules(self, action: Action | None = None) -> list[Rule]:
        """The rules that run, in order; those of one action if it is named."""
        running = [(rule, self.actions[rule.code]) for rule in self.all_rules()]
        return [rule for rule, what in running if what != "off" and action in (None, what)]

    def calibrated(self, calibration: Calibration) -> Policy:
        """The policy with a calibration's thresholds for all parameters that the recipe does not state."""
        return replace(self, calibration=calibration)

    def fitted(self, fit: QualityFit | None) -> Policy:
        """The policy with what a build fitted to its own translations."""
        return replace(self, fit=fit)

    @property
    def unreliable(self) -> frozenset[str]:
        """Languages that the calibration found no better than noise."""
        return self.calibration.unreliable if self.calibration else frozenset()

    @property
    def columns(self) -> frozenset[str]:
        """The score columns that its rules read."""
        fitted = frozenset({LETTERS} if self.calibration else ())
        return fitted.union(*(rule.columns for rule in self.rules()))

    def on(self, columns: Sequence[str]) -> Policy:
        """The policy of the rules that read these columns only."""
        there = {rule.code for rule in self.rules() if rule.columns <= set(columns)}
        return replace(self, actions={code: action for code, action in self.actions.items() if code in there})

    def failing(self, frame: pl.DataFrame, action: Action = "reject") -> pl.Series:
        """For each row the codes of all rules with this action that it fails.

        Args:
            frame: Columns lang, task where a calibration is in use, and the ``score_…`` columns; scores_skipped
                where expensive scores may have been skipped.
            action: ``reject`` or ``warn``.
        """
        rules = self.rules(action)
        codes = [rule.code for rule in rules]
        failed = [self._fails(rule) for rule in rules]
        if action == "reject" and "scores_skipped" in frame.columns:
            needed = list(dict.fromkeys(rule.scorer for rule in rules))
            codes += [f"{NEEDS_SCORE}.{scorer}" for scorer in needed]
            failed += [pl.col("scores_skipped").list.contains(scorer) for scorer in needed]
        return _named(frame, failed, codes)

    def _fails(self, rule: Rule) -> pl.Expr:
        values = {p.name: self._threshold(rule, p) for p in rule.parameters}
        return rule.fails(values)

    def uncalibrated(self, rule: Rule) -> pl.Expr:
        """What fails a rule by the recipe's thresholds and those of each language, whatever a calibration says."""
        return replace(self, calibration=None)._fails(rule)

    def _threshold(self, rule: Rule, parameter: Parameter) -> float | pl.Expr:
        full = f"{rule.scorer}.{parameter.name}"
        if rule.share == parameter.name:
            return self.fit.threshold(self.parameters[full]) if self.fit else LOWEST
        if self.calibration is not None and full not in self.fixed:
            fitted = self.calibration.threshold(full, default=self.parameters[full])
            if fitted is not None:
                return fitted
        if self.fit is not None and full not in self.fixed:
            own = self.fit.floor(full, self.parameters[full])
            if own is not None:
                return own
        return rule.threshold(parameter.name, self.parameters[full])

    def thresholds(self, rule: Rule, row: pl.DataFrame) -> dict[str, float]:
        """What a rule compares one row with, by parameter: of the row's language, or of its cell of a calibration.

        Args:
            rule: One of `rules`.
            row: A frame of one row, as `failing` takes it.
        """
        found = {}
        for parameter in rule.parameters:
            value = self._threshold(rule, parameter)
            found[parameter.name] = float(row.select(value).item()) if isinstance(value, pl.Expr) else value
        return found

    def _moves_thresholds(self) -> bool:
        return self.calibration is not None or bool(self.fit and self.fit.content.thresholds)

    def fingerprint(self) -> dict[str, object]:
        """Everything that decides a verdict, for the manifest."""
        return {
            "parameters": self.parameters,
            "actions": self.actions,
            "rules": {rule.code: rule.description for rule in self.user},
            "calibration": None if self.calibration is None else self.calibration.digest,
            # Stated thresholds are those that neither a calibration nor a fit changes.
            "stated": sorted(self.fixed) if self._moves_thresholds() else [],
            **({"fit": self.fit.digest} if self.fit else {}),
        }


def _named(frame: pl.DataFrame, failed: Sequence[pl.Expr], codes: Sequence[str]) -> pl.Series:
    """The codes of the expressions that are true, as a list for each row.

    The failed rules of a row make a number, one bit a rule; few different numbers occur, so the lists are made
    once each. Building a list of strings for every row took ten times as long.
    """
    bits = [expr.fill_null(value=False).cast(pl.UInt64) * (1 << place) for place, expr in enumerate(failed)]
    mask = frame.select(mask=pl.sum_horizontal(bits) if bits else pl.lit(0, pl.UInt64))
    if mask.height != frame.height:  # without a rule there is one literal
        mask = pl.DataFrame({"mask": pl.repeat(0, frame.height, dtype=pl.UInt64, eager=True)})
    found = mask["mask"].unique().to_list()
    lists = [[code for place, code in enumerate(codes) if number >> place & 1] for number in found]
    table = pl.DataFrame({"mask": found, "codes": lists}, schema={"mask": pl.UInt64, "codes": pl.List(pl.String)})
    return mask.join(table, on="mask", how="left", maintain_order="left")["codes"]


def make_policy(
    section: Mapping[str, Mapping[str, object]],
    scorers: list[str],
    *,
    metrics: Iterable[Metric] = (),
) -> Policy:
    """The policy of a recipe's ``filter`` section for the scorers that run.

    Args:
        section: The recipe's section.
        scorers: Names of the scorers that run.
        metrics: Their metrics, the columns that the recipe's own rules may read.

    Raises:
        InputError: A scorer, parameter, rule or value is not known or not possible.
    """
    rules = rules_of(scorers)
    parameters = {f"{r.scorer}.{p.name}": p.default for r in rules for p in r.parameters}
    actions: dict[str, Action] = {rule.code: rule.action for rule in rules}
    bounds = {f"{r.scorer}.{p.name}": p for r in rules for p in r.parameters}
    user: list[Rule] = []
    fixed: set[str] = set()
    for scorer, values in section.items():
        if scorer == USER:
            user = [user_rule(name, value, metrics) for name, value in sorted(values.items())]
            actions |= {rule.code: rule.action for rule in user}
            continue
        if scorer not in scorers and scorer in MEMBERS.names():
            msg = f"filter.{scorer}: the scorer does not run: add it to score.scorers, or take the section out"
            raise InputError(msg)
        if scorer not in scorers:
            raise _unknown(f"filter.{scorer}", "scorer", scorer, [*scorers, USER])
        for key, value in values.items():
            full = f"{scorer}.{key}"
            if full in parameters:
                parameters[full] = _threshold(bounds[full], f"filter.{full}", value)
                fixed.add(full)
            elif full in actions:
                actions[full] = _action(f"filter.{full}", value)
            else:
                known = [name.partition(".")[2] for name in (*parameters, *actions) if name.startswith(f"{scorer}.")]
                raise _unknown(f"filter.{full}", "parameter or rule", key, known)
    return Policy(parameters, actions, rules, tuple(user), fixed=frozenset(fixed))


def _unknown(key: str, kind: str, word: str, known: list[str]) -> InputError:
    found = nearest(word, known)
    hint = f"did you mean '{found[0]}'?" if found else f"known: {', '.join(known) or 'none'}"
    return InputError(f"{key}: unknown {kind} '{word}'; {hint}")


def _threshold(parameter: Parameter, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not parameter.low <= value <= parameter.high:
        msg = f"{key}: expected a number from {parameter.low:g} to {parameter.high:g}, found {value!r}"
        raise InputError(msg)
    return float(value)


def _action(key: str, value: object) -> Action:
    if isinstance(value, Mapping) and set(value) == {"action"} and value["action"] in ACTIONS:
        action: Action = value["action"]
        return action
    msg = f"{key}: expected {{action: {' | '.join(ACTIONS)}}}, found {value!r}"
    raise InputError(msg)
