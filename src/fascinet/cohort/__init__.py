"""Tables of cases in, tables of posteriors out: in blocks, resumed after a crash."""
