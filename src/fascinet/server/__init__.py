"""Answers by HTTP: `fascinet serve`."""
