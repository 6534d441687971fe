"""Names of what a tiled program is made of: the lengths of its records, kinds and modes."""

CLIQUE, BARREN, JOIN = 0, 1, 2
ROOT, QUIET = 1, 2
HEAD, NODE, OPERAND, MARK, COPY, MASK = 25, 20, 9, 5, 9, 3
ROWS = 5  # the mode of an operand that has the tile's last, long axis
PEEP = 32  # entries of a tile that are looked at together for one that is not zero
