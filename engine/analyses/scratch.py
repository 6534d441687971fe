"""Space for tables that no answer keeps, used again by the next call of the same thread.

Fresh memory is handed out page by page, each at the cost of thousands of multiplications.
"""

from threading import local

import numpy as np

from fascinet.engine.analyses.results import Array

MOST = 4_000_000  # numbers of one table that are kept between calls
_kept = local()


def scratch(name: str, *shape: int, zero: bool = False) -> Array:
    """Return a table of any content, or of zeros; the last of the same name is lost.

    >>> scratch("sums", 2, 3, zero=True).shape
    (2, 3)
    """
    size = int(np.prod(shape))
    if size > MOST:
        return np.zeros(shape) if zero else np.empty(shape)
    have = _kept.__dict__.get(name)
    if have is None or len(have) < size:
        have = _kept.__dict__[name] = np.empty(size)
    table = have[:size].reshape(shape)
    if zero:
        table.fill(0.0)
    return table
