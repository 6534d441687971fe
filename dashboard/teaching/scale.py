"""The probabilities that a learner can state, on pages and phones alike."""

STEPS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35,
         0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99,
         0.995, 1.0)  # fmt: skip
"""Probabilities that a learner can state: finer near nothing and near certainty."""
