"""The analyses: why, what if, what next, how sure. Each is a function of an engine and evidence."""
