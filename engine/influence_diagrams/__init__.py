"""A diagram to decisions: optimal policies, expected utility, the value of information."""
