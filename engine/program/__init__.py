"""A junction tree compiled: `Program`, the one representation that everything runs."""
