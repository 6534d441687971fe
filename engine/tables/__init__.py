"""A network as numbers: one flat base, gates as links, absent leaves folded into weights."""
