"""The distributions that a network is built from: tables, noisy gates, deterministic functions.

>>> from fascinet.gates import noisy_or
>>> noisy_or([0.8, 0.6], leak=0.1).to_table()[1, 1, 1].round(3).item()
0.928
"""

from fascinet.model.gates import (
    Function,
    Gate,
    NoisyMax,
    Table,
    deterministic_or,
    noisy_or,
)

__all__ = ["Function", "Gate", "NoisyMax", "Table", "deterministic_or", "noisy_or"]
