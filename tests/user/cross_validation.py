"""Cross-validate a Bayesian network as any other scikit-learn classifier."""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import fascinet as fn
from fascinet.sklearn import BayesNetClassifier

X, y = load_iris(return_X_y=True)
X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan  # a tenth is missing
scores = cross_val_score(make_pipeline(BayesNetClassifier(bins=4)), X, y, cv=5)
print(scores.mean())
assert scores.mean() > 0.85

model = BayesNetClassifier().fit(X, y)
why = fn.Engine(model.network_).explain(
    {"x2": model.network_.states("x2")[-1]}, target="class", state="2"
)
print(why)
