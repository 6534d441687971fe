"""Take a network that pgmpy learnt from whole numbers, and answer the frame it was fitted on."""

import numpy as np
import pandas as pd
from pgmpy.models import DiscreteBayesianNetwork

import fascinet as fn

rng = np.random.default_rng(0)
rain = rng.random(500) < 0.3
wet = np.where(rain, rng.random(500) < 0.9, rng.random(500) < 0.1)
frame = pd.DataFrame({"rain": rain, "wet": wet.astype(int)})

model = DiscreteBayesianNetwork([("rain", "wet")])
model.fit(frame)
engine = fn.Engine(fn.Network.from_pgmpy(model))

answers = engine.posteriors(frame[["wet"]], targets="rain")
assert len(answers) == 500
given = engine.posterior({"wet": 1})["rain"]
share = float(frame.loc[frame["wet"] == 1, "rain"].mean())
assert abs(given["True"] - share) < 1e-9

try:
    fn.Engine(model)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
except fn.errors.FormatError as error:
    print(error)
