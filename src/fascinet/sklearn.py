"""A scikit-learn classifier that is a Bayesian network: missing values welcome, answers exact.

>>> import numpy as np
>>> from fascinet.sklearn import BayesNetClassifier
>>> X = np.array([["yes", "red"], ["no", "red"], ["no", None], ["yes", "blue"]], dtype=object)
>>> model = BayesNetClassifier().fit(X, ["ill", "well", "well", "ill"])
>>> model.predict(np.array([[None, "blue"]], dtype=object)).tolist()
['ill']

Needs the extra `sklearn`: pip install 'fascinet[sklearn]'.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fascinet.engine.api.engine import Engine
from fascinet.model.errors import FormatError, NetworkError, OptionError
from fascinet.model.gates import Table
from fascinet.model.network import Network

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    raise FormatError("scikit-learn is not installed: pip install 'fascinet[sklearn]'") from None

Codes = NDArray[np.int64]
MISSING = -1
PREFIX = "x"


class BayesNetClassifier(ClassifierMixin, BaseEstimator):  # pyright: ignore  (untyped library)
    """Classify by the exact posterior of one variable of a Bayesian network.

    The structure is given, naive Bayes by default; `fit` learns the tables from counts. A missing
    value (NaN, None) is left out of the counts of the families it belongs to, and summed out in
    `predict_proba`. Numeric columns with many values are cut at their quantiles.

    Parameters
    ----------
    structure : "naive_bayes", Network, or mapping of column to parents
        Parents by the names of the columns (of a DataFrame; else "x0", "x1", …) and `target`. Of
        a `Network` the arcs are taken, and the states of text columns, but not the tables; each of
        its variables has to be a column or the target.
    target : str
        What the variable of the classes is called in the structure.
    alpha : float
        Added to each count (Laplace's rule at 1.0).
    bins : int
        Most intervals that a numeric column is cut into.

    Attributes
    ----------
    classes_ : array, shape (classes,)
    network_ : Network
        The network that was learnt; `Engine(model.network_)` explains its answers.
    engine_ : Engine
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 200)
    >>> X = (y[:, None] + rng.normal(0, 0.5, (200, 3)))
    >>> X[rng.random(X.shape) < 0.2] = np.nan  # a fifth is missing
    >>> bool(cross_val_score(BayesNetClassifier(), X, y, cv=3).mean() > 0.8)
    True
    """

    n_features_in_: int

    def __init__(
        self,
        structure: Literal["naive_bayes"] | Network | Mapping[str, Sequence[str]] = "naive_bayes",
        *,
        target: str = "class",
        alpha: float = 1.0,
        bins: int = 5,
    ) -> None:
        self.structure, self.target, self.alpha, self.bins = structure, target, alpha, bins

    def fit(self, X: Any, y: Any) -> "BayesNetClassifier":
        """Learn the tables from counts.

        Parameters
        ----------
        X : array or DataFrame, shape (rows, columns)
            Numbers or texts; NaN and None are missing.
        y : array, shape (rows,)

        Raises
        ------
        OptionError, NetworkError, UnknownVariableError
            If the structure does not fit the columns.
        """
        checked: Any = validate_data(self, X, y, dtype=None, ensure_all_finite="allow-nan")
        cells, classes = checked
        check_classification_targets(classes)
        if not self.alpha > 0:
            raise OptionError("alpha", self.alpha, ["a number above 0"])
        self.classes_, labels = np.unique(classes, return_inverse=True)
        self.columns_ = [
            _Column(cells[:, j], self.bins, self._declared(name))
            for j, name in enumerate(self._names())
        ]
        codes = self._codes(cells) | {self.target: labels.astype(np.int64)}
        states = {name: c.states for name, c in zip(self._names(), self.columns_, strict=True)}
        states = {self.target: tuple(str(c) for c in self.classes_)} | states
        parents = self._parents(states)
        gates = {v: _counted(codes, states, v, parents.get(v, ()), self.alpha) for v in states}
        self.network_ = Network(states, parents, gates, name=type(self).__name__)
        self.engine_ = Engine(self.network_)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return P(class | what is known of each row), shape (rows, classes)."""
        check_is_fitted(self)
        cells: Any = validate_data(self, X, dtype=None, ensure_all_finite="allow-nan", reset=False)
        frame = pd.DataFrame({
            v: pd.Categorical.from_codes(codes, list(self.network_.states(v)))
            for v, codes in self._codes(cells).items()
        })  # fmt: skip
        return self.engine_.posteriors(frame, targets=self.target).to_numpy()

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row."""
        shares = self.predict_proba(X)
        return self.classes_[shares.argmax(axis=1)]

    def _names(self) -> list[str]:
        named = getattr(self, "feature_names_in_", None)
        count = self.n_features_in_
        return (
            [str(n) for n in named] if named is not None else [f"{PREFIX}{j}" for j in range(count)]
        )

    def _declared(self, name: str) -> tuple[str, ...]:
        """Return the states that the structure declares for a column; none if it does not."""
        net = self.structure
        return net.states(name) if isinstance(net, Network) and name in net.index else ()

    def _codes(self, cells: NDArray[Any]) -> dict[str, Codes]:
        """Return the state of each cell by column; -1 where it is missing."""
        pairs = zip(self._names(), self.columns_, strict=True)
        return {name: column.codes(cells[:, j], name) for j, (name, column) in enumerate(pairs)}

    def _parents(self, states: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """Return the parents of every variable by the structure."""
        if len(states) <= self.n_features_in_:
            raise NetworkError(f"a column has the name of the target, {self.target!r}: set target=")
        asked = self.structure
        if isinstance(asked, str):
            if asked != "naive_bayes":
                raise OptionError("structure", asked, ["naive_bayes"])
            return {v: (self.target,) for v in states if v != self.target}
        if isinstance(asked, Network):
            asked = {v: asked.parents(v) for v in asked.variables}
        return {v: tuple(us) for v, us in asked.items()}

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn may assume: text and missing values are fine."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


class _Column:
    """How the cells of one column become states: intervals of numbers, or texts.

    Attributes
    ----------
    edges : array or None
        Where numbers are cut.
    states : tuple of str
    """

    def __init__(self, values: NDArray[Any], bins: int, declared: tuple[str, ...]) -> None:
        known = values[~_missing(values)]
        numbers = _numbers(known)
        self.edges: NDArray[np.float64] | None = None
        if numbers is None:
            self.states = declared or tuple(sorted({str(x) for x in known}))
            return
        different = np.unique(numbers)
        if len(different) > bins:
            cuts = np.quantile(numbers, np.linspace(0, 1, bins + 1)[1:-1])
            self.edges = np.unique(cuts)
        else:
            self.edges = (different[1:] + different[:-1]) / 2
        self.states = _intervals(self.edges)

    def codes(self, values: NDArray[Any], name: str) -> Codes:
        """Return the state of each cell, -1 where it is missing.

        Raises
        ------
        OptionError
            If a text was not there when the classifier was fitted.
        """
        out = np.full(len(values), MISSING, np.int64)
        known = ~_missing(values)
        if self.edges is not None:
            numbers = _numbers(values[known])
            if numbers is None:
                raise OptionError(f"value of {name!r}", str(values[known][0]), ["a number"])
            out[known] = np.searchsorted(self.edges, numbers, side="right")
            return out
        place = {s: k for k, s in enumerate(self.states)}
        for i in np.flatnonzero(known):
            if str(values[i]) not in place:
                raise OptionError(f"value of {name!r}", str(values[i]), self.states)
            out[i] = place[str(values[i])]
        return out


def _intervals(edges: NDArray[np.float64]) -> tuple[str, ...]:
    """Return names of the intervals between edges.

    >>> _intervals(np.array([0.5, 2.0]))
    ('below 0.5', '0.5 to 2', '2 or more')
    """
    if not len(edges):
        return ("any",)
    cuts = [f"{x:.4g}" for x in edges]
    cuts = cuts if len(set(cuts)) == len(cuts) else [repr(float(x)) for x in edges]
    middle = (f"{a} to {b}" for a, b in pairwise(cuts))
    return (f"below {cuts[0]}", *middle, f"{cuts[-1]} or more")


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(pd.isna(values), dtype=bool)


def _numbers(values: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return values as numbers; None if they are texts."""
    if any(isinstance(x, str) for x in values[:1]) or values.dtype.kind in "US":
        return None
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        return None


def _counted(
    codes: Mapping[str, Codes],
    states: Mapping[str, Sequence[str]],
    variable: str,
    parents: Sequence[str],
    alpha: float,
) -> Table:
    """Return P(variable | parents) from the rows in which the whole family is known."""
    family = (*parents, variable)
    unknown = [v for v in family if v not in states]
    if unknown:
        raise NetworkError(
            f"structure: {unknown[0]!r} is neither a column nor the target; "
            f"expected {', '.join(states)}"
        )
    shape = tuple(len(states[v]) for v in family)
    rows = np.stack([codes[v] for v in family])
    rows = rows[:, (rows != MISSING).all(axis=0)]
    counts = np.full(shape, float(alpha))
    np.add.at(counts, tuple(rows), 1.0)
    return Table(counts / counts.sum(axis=-1, keepdims=True))
