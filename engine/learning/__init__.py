"""Cases to figures: parameters learnt from data, and how sure they are."""
