"""Older orders of arguments: accepted for one release beside the one grammar.

Every analysis is called as `analysis(evidence, *, target=…, targets=…, …)`. Earlier versions put
the target first, or took options by position; such calls are rearranged here.
"""

import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def accepts_older_order(
    *names: str, warn: bool = False
) -> Callable[[Callable[Given, Answer]], Callable[Given, Answer]]:
    """Return a decorator of a method that takes positional arguments in an older order, too.

    Parameters
    ----------
    names : str
        The older order, without `self`.
    warn : bool
        Whether to warn with a `DeprecationWarning` that says how to write the call. Type checkers
        report an older order in any case, since the declared signature does not have it.
    """

    def decorate(method: Callable[Given, Answer]) -> Callable[Given, Answer]:
        @wraps(method)
        def call(*args: Given.args, **named: Given.kwargs) -> Answer:
            engine, *rest = cast("tuple[Any, ...]", args)
            given = tuple(rest)
            if not _is_older(names, given, named):
                return method(*args, **named)
            if warn:
                order = ", ".join(f"{n}={n}" for n in names[: len(given)] if n != "evidence")
                text = f"call {method.__name__}(evidence, {order}): the older order will go"
                warnings.warn(text, DeprecationWarning, stacklevel=2)
            renamed: Any = {**dict(zip(names, given, strict=False)), **named}
            return method(engine, **renamed)  # pyright: ignore[reportCallIssue]

        return call

    return decorate


def _is_older(names: tuple[str, ...], given: tuple[Any, ...], named: Mapping[str, Any]) -> bool:
    """Whether the positional arguments are in the older order, and fit it."""
    if not given or len(given) > len(names) or any(n in named for n in names[: len(given)]):
        return False
    first = next(iter(given))
    is_evidence = first is None or isinstance(first, Mapping)
    return len(given) > 1 or (names[0] != "evidence" and not is_evidence)
