"""Numbers with their nouns."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where there is not exactly one.

    >>> counted(1, "finding"), counted(0, "finding"), counted(2, "query")
    ('1 finding', '0 findings', '2 queries')
    """
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else many}"
