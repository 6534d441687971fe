"""Analyses on top of inference: why, what if, what next, how sure."""
