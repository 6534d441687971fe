"""Room dashboard."""
