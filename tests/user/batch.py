"""Answer a table of cases at once, missing cells and impossible rows included."""

import numpy as np
import pandas as pd

import fascinet as fn

engine = fn.Engine(fn.example("asia"))
cases = pd.DataFrame(
    {"smoke": ["yes", "no", None], "xray": ["yes", None, "no"], "dysp": [True, False, True]}
)
answers = engine.posteriors(cases, targets=["lung", "tub"])
assert list(answers.columns) == ["lung=yes", "lung=no", "tub=yes", "tub=no"]
np.testing.assert_allclose(answers[["lung=yes", "lung=no"]].sum(axis=1), 1.0)

one = engine.posterior({"smoke": "yes", "xray": "yes", "dysp": "yes"})
np.testing.assert_allclose(answers["lung=yes"].iloc[0], one["lung"]["yes"])

odd = pd.DataFrame({"lung": ["yes"], "either": ["no"]})  # excluded by the network
assert engine.posteriors(odd, targets="bronc", impossible="nan").isna().all().all()
