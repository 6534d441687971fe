"""Formulas of continuous nodes: `Normal(2 * x + 1, 3)` as a distribution at given numbers.

A formula is a sum of numbers and at most one distribution, which may be multiplied. It is read by
Python's own parser and never run: each node of the syntax tree has one meaning here, or is refused.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import erf, sqrt
from typing import Any

import numpy as np

from fascinet.model.errors import FormatError, OptionError
from fascinet.model.gates import Array

LONGEST = 10_000  # characters
Number = Any  # a float, or an array of them
_ERF = np.frompyfunc(erf, 1, 1)


def _normal(x: Number, mean: Number, deviation: Number) -> Array:
    return 0.5 * (1.0 + np.asarray(_ERF((x - mean) / (sqrt(2.0) * deviation)), float))


def _uniform(x: Number, low: Number, high: Number) -> Array:
    return np.clip((x - low) / (high - low), 0.0, 1.0)


def _exponential(x: Number, rate: Number) -> Array:
    return -np.expm1(-rate * np.maximum(x, 0.0))


def _lognormal(x: Number, mean: Number, deviation: Number) -> Array:
    with np.errstate(divide="ignore"):
        return _normal(np.log(np.maximum(x, 0.0)), mean, deviation)


def _weibull(x: Number, scale: Number, shape: Number) -> Array:
    return -np.expm1(-((np.maximum(x, 0.0) / scale) ** shape))


def _triangular(x: Number, low: Number, top: Number, high: Number) -> Array:
    x = np.clip(x, low, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        up = (x - low) ** 2 / ((high - low) * (top - low))
        down = 1.0 - (high - x) ** 2 / ((high - low) * (high - top))
    return np.where(x < top, up, down)


@dataclass(frozen=True)
class Kind:
    """A kind of distribution.

    Attributes
    ----------
    cdf : callable
        ``(x, *parameters)``.
    count : int
        Parameters.
    holds : callable
        Whether the parameters are such as the kind wants them.
    wants : str
    """

    cdf: Callable[..., Array]
    count: int
    holds: Callable[..., bool]
    wants: str


def _positive(*values: Number) -> bool:
    return all(bool(np.all(x > 0)) for x in values)


def _rising(*values: Number) -> bool:
    steps = zip(values, values[1:], strict=False)
    return all(bool(np.all(x <= y)) for x, y in steps) and bool(np.all(values[0] < values[-1]))


def _spread(_: Number, deviation: Number) -> bool:
    return _positive(deviation)


KINDS = {
    "normal": Kind(_normal, 2, _spread, "a mean and a standard deviation above 0"),
    "uniform": Kind(_uniform, 2, _rising, "two ends, the lower first"),
    "exponential": Kind(_exponential, 1, _positive, "a rate above 0"),
    "lognormal": Kind(_lognormal, 2, _spread, "mean and deviation of the logarithm"),
    "weibull": Kind(_weibull, 2, _positive, "scale and shape above 0"),
    "triangular": Kind(_triangular, 3, _rising, "lower end, top, upper end"),
}
FUNCTIONS: dict[str, Callable[..., Number]] = {
    "abs": np.abs, "exp": np.exp, "ln": np.log, "sqrt": np.sqrt, "min": np.minimum,
    "max": np.maximum, "sin": np.sin, "cos": np.cos,
}  # fmt: skip
OPERATORS: dict[type, Callable[..., Number]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.Pow: operator.pow, ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}  # fmt: skip


@dataclass(frozen=True)
class Random:
    """A distribution, stretched and shifted.

    Attributes
    ----------
    kind : Kind
    parameters : tuple of number
    scale, shift : number
    """

    kind: Kind
    parameters: tuple[Number, ...]
    scale: Number = 1.0
    shift: Number = 0.0

    def cdf(self, x: Number) -> Array:
        """Return P(X <= x)."""
        below = self.kind.cdf((x - self.shift) / self.scale, *self.parameters)
        return np.where(np.asarray(self.scale) > 0, below, 1.0 - below)


@dataclass(frozen=True)
class Fixed:
    """A number that is certain."""

    value: Number

    def cdf(self, x: Number) -> Array:
        """Return 1 where x is above the number: a cut point belongs to the state above it."""
        return np.where(np.asarray(self.value) < x, 1.0, 0.0)


@dataclass(frozen=True)
class Formula:
    """A formula of other variables.

    Attributes
    ----------
    text : str
    """

    text: str

    def at(
        self, numbers: Mapping[str, Number], chosen: Mapping[str, Number] | None = None
    ) -> Random | Fixed:
        """Return the distribution where variables have these numbers.

        Parameters
        ----------
        numbers : mapping of str to number
        chosen : mapping of str to number, optional
            States, by number, of variables that ``Choose(variable, first, second, ...)`` may name.

        Raises
        ------
        FormatError
            If the formula cannot be read, or asks for what there is not.
        """
        if len(self.text) > LONGEST:
            raise FormatError(f"a formula of more than {LONGEST:,} characters")
        try:
            tree = ast.parse(self.text.strip().replace("^", "**"), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise FormatError(f"{self.text!r}: expected a formula") from None
        try:
            with np.errstate(all="ignore"):
                found = _Reading(self.text, numbers, chosen or {}).value(tree)
        except (ArithmeticError, RecursionError):
            raise FormatError(f"{self.text!r}: a number out of range") from None
        if isinstance(found, Random):
            return found
        if not np.isfinite(found).all():
            raise FormatError(f"{self.text!r} is no number everywhere")
        return Fixed(found)


@dataclass(frozen=True)
class _Reading:
    text: str
    numbers: Mapping[str, Number]
    chosen: Mapping[str, Number]

    def value(self, tree: ast.expr) -> Any:
        if isinstance(tree, ast.Constant) and type(tree.value) in (int, float):
            return float(tree.value)  # type: ignore[arg-type]
        if isinstance(tree, ast.Name):
            if tree.id not in self.numbers:
                raise FormatError(f"{self.text!r}: {tree.id!r} has no number here")
            return self.numbers[tree.id]
        if isinstance(tree, ast.UnaryOp) and type(tree.op) in OPERATORS:
            return self.joined(type(tree.op), -1.0, self.value(tree.operand))
        if isinstance(tree, ast.BinOp) and type(tree.op) in OPERATORS:
            return self.joined(type(tree.op), self.value(tree.left), self.value(tree.right))
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.keywords:
            return self.call(tree.func.id, tree.args)
        raise FormatError(f"{self.text!r}: {ast.unparse(tree)!r} is not read")

    def joined(self, kind: type, left: Any, right: Any) -> Any:
        if kind is ast.USub or kind is ast.UAdd:
            kind, left = ast.Mult, -1.0 if kind is ast.USub else 1.0
        if not isinstance(left, Random) and not isinstance(right, Random):
            return OPERATORS[kind](left, right)
        if isinstance(left, Random) and isinstance(right, Random):
            raise FormatError(f"{self.text!r}: expected one distribution, got two")
        if isinstance(right, Random) and kind is ast.Sub:
            left, right, kind = left, self.joined(ast.Mult, right, -1.0), ast.Add
        pair: tuple[Any, Any] = (left, right) if isinstance(left, Random) else (right, left)
        x, number = pair
        if kind is ast.Add or kind is ast.Sub:
            return replace(x, shift=OPERATORS[kind](x.shift, number))
        if kind is ast.Mult or (kind is ast.Div and x is left):
            if np.any(np.equal(number, 0.0)):
                raise FormatError(f"{self.text!r}: a distribution times or through zero")
            act = OPERATORS[kind]
            return replace(x, scale=act(x.scale, number), shift=act(x.shift, number))
        raise FormatError(f"{self.text!r}: a power or a fraction of a distribution is not read")

    def call(self, name: str, arguments: list[ast.expr]) -> Any:
        known = name.lower()
        if known == "choose" and arguments and isinstance(arguments[0], ast.Name):
            return self.choice(arguments[0].id, [self.value(x) for x in arguments[1:]])
        if known not in KINDS and known not in FUNCTIONS:
            names = ["Choose", *(k.capitalize() for k in (*KINDS, *FUNCTIONS))]
            raise OptionError(f"{self.text!r}: function", name, names)
        values: list[Any] = [self.value(x) for x in arguments]
        if any(isinstance(x, Random) for x in values):
            raise FormatError(f"{self.text!r}: a distribution within {name} is not read")
        if known in FUNCTIONS:
            wanted = 2 if known in ("min", "max") else 1
            if len(values) != wanted:
                raise FormatError(f"{self.text!r}: {name}: expected {wanted} numbers")
            return FUNCTIONS[known](*values)
        kind = KINDS[known]
        if len(values) != kind.count or not kind.holds(*values):
            raise FormatError(f"{self.text!r}: {name}: expected {kind.wants}")
        return Random(kind, tuple(values))

    def choice(self, variable: str, values: list[Any]) -> Number:
        if variable not in self.chosen:
            raise FormatError(f"{self.text!r}: {variable!r} is no discrete parent")
        if any(isinstance(x, Random) for x in values):
            raise FormatError(f"{self.text!r}: a distribution within Choose is not read")
        which = self.chosen[variable]
        if len(values) <= int(np.max(which)):
            raise FormatError(f"{self.text!r}: expected a value for each state of {variable!r}")
        return np.choose(np.asarray(which, int), np.broadcast_arrays(*values, which)[:-1])
