"""The scikit-learn classifier: its protocol, missing values, and the numbers of naive Bayes."""

import numpy as np
import pandas as pd
import pytest

import fascinet as fn
from fascinet.model.errors import NetworkError, OptionError

pytest.importorskip("sklearn")
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import CategoricalNB
from sklearn.utils.estimator_checks import check_estimator

from fascinet.sklearn import BayesNetClassifier


@pytest.mark.filterwarnings("ignore")  # the checks warn on purpose
def test_it_keeps_the_protocol_of_estimators() -> None:
    results = check_estimator(BayesNetClassifier(), on_fail=None, on_skip=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    assert len([r for r in results if r["status"] == "passed"]) > 40


def test_without_missing_values_it_is_naive_bayes() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 300)
    X = rng.integers(0, 3, (300, 4))
    X[rng.random(X.shape) < 0.4] = 1
    ours = BayesNetClassifier(alpha=1.0).fit(X, y).predict_proba(X)
    # scikit-learn does not smooth the classes' own frequencies
    prior = np.bincount(y) + 1.0
    theirs = CategoricalNB(alpha=1.0, class_prior=prior / prior.sum()).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_a_missing_value_is_summed_out() -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 200)
    X = rng.normal(size=(200, 3)) + y[:, None]
    model = BayesNetClassifier().fit(X, y)
    row = X[:1].copy()
    row[0, 1] = np.nan
    left_out = BayesNetClassifier().fit(X[:, [0, 2]], y).predict_proba(row[:, [0, 2]])
    np.testing.assert_allclose(model.predict_proba(row), left_out, atol=1e-12)
    empty = model.predict_proba(np.full((1, 3), np.nan))
    prior = (np.bincount(y) + 1.0) / (len(y) + 2.0)
    np.testing.assert_allclose(empty[0], prior, atol=1e-12)


def test_a_structure_of_ones_own_is_used() -> None:
    network = fn.example("cancer")
    rng = np.random.default_rng(3)
    rows = [[rng.choice(network.states(v)) for v in network.variables] for _ in range(400)]
    frame = pd.DataFrame(rows, columns=list(network.variables))
    X, y = frame.drop(columns="Cancer"), frame["Cancer"]
    model = BayesNetClassifier(network, target="Cancer").fit(X, y)
    assert set(model.network_.graph.edges) == set(network.graph.edges)
    family = frame[(frame["Pollution"] == "low") & (frame["Smoker"] == "True")]
    share = ((family["Cancer"] == "True").sum() + 1) / (len(family) + 2)
    learnt = model.engine_.posterior({"Pollution": "low", "Smoker": "True"})
    assert learnt["Cancer"]["True"] == pytest.approx(share, abs=1e-12)
    assert cross_val_score(model, X, y, cv=3).mean() > 0.3


def test_what_does_not_fit_is_named() -> None:
    X, y = pd.DataFrame({"a": ["u", "v"], "b": ["u", "u"]}), [0, 1]
    for structure, error, said in (
        ("tree", OptionError, "naive_bayes"), ({"a": ["c"]}, NetworkError, "'c' is neither"),
        ({"a": ["b"], "b": ["a"]}, NetworkError, "cycle"),
    ):  # fmt: skip
        with pytest.raises(error, match=said):
            BayesNetClassifier(structure).fit(X, y)
    with pytest.raises(NetworkError, match="name of the target"):
        BayesNetClassifier(target="a").fit(X, y)
    with pytest.raises(OptionError, match="value of 'a' 'w'"):
        BayesNetClassifier().fit(X, y).predict(pd.DataFrame({"a": ["w"], "b": ["u"]}))
