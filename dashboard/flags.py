"""Red-flag banner, doubts about the fit, and evidence that excludes itself."""

import streamlit as st

from fascinet.dashboard.service import Resources
from fascinet.engine.differential import Differential
from fascinet.model.errors import ImpossibleEvidenceError


def banner(known: Resources, answer: Differential) -> None:
    """Draw the red flags that the findings raise, with rule and source."""


def doubts(answer: Differential) -> None:
    """Say when the findings fit the network badly."""


def impossible(known: Resources, error: ImpossibleEvidenceError) -> None:
    """Say which findings exclude each other, and how to go on."""
