"""A tuple of records that shows itself as a table, a frame or JSON."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


class Listing(tuple[T, ...]):
    """An immutable sequence of dataclass records."""

    __slots__ = ()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the records as dictionaries."""
        return [asdict(record) for record in self]  # type: ignore[call-overload]  # dataclasses

    def to_frame(self) -> "pd.DataFrame":
        """Return one row a record."""
        import pandas as pd

        return pd.DataFrame(self.to_dicts())

    def to_json(self, indent: int | None = 1) -> str:
        """Return the records as a JSON list."""
        return json.dumps(self.to_dicts(), indent=indent, ensure_ascii=False)

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "nothing found"

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False, border=0)
