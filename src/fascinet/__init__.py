"""fascinet: exact, explained differential reasoning with Bayesian networks."""
