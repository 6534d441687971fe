"""Programs run on cases: which program, which backend, and what is kept."""
