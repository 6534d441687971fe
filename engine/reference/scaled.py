"""Non-negative numbers of any size, as mantissas and exponents of two: nothing ever underflows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fascinet.model.gates import Array

Ints = NDArray[np.int64]
LEAST = -(2**40)  # the exponent of zero: below that of any product


@dataclass
class Scaled:
    """The numbers mantissa * 2 ** exponent, mantissas 0 or in [1/2, 1)."""

    mantissa: Array
    exponent: Ints

    @classmethod
    def of(cls, values: Array) -> "Scaled":
        """Return doubles as such numbers, exactly."""
        mantissa, exponent = np.frexp(values)
        exponent = np.asarray(exponent, np.int64)  # LEAST has no place in the 32 bits of frexp's
        return cls(mantissa, np.where(mantissa > 0.0, exponent, LEAST))

    def times(self, other: "Scaled") -> "Scaled":
        """Return the product, broadcast."""
        mantissa, extra = np.frexp(self.mantissa * other.mantissa)
        exponent = np.where(mantissa > 0.0, self.exponent + other.exponent + extra, LEAST)
        return Scaled(mantissa, exponent)

    def sum(self, axis: int) -> "Scaled":
        """Return the sum along an axis."""
        top = self.exponent.max(axis=axis, keepdims=True)
        shift = np.maximum(self.exponent - top, -2000).astype(np.int32)
        total, extra = np.frexp(np.ldexp(self.mantissa, shift).sum(axis=axis))
        exponent = np.squeeze(top, axis=axis) + extra
        return Scaled(total, np.where(total > 0.0, exponent, LEAST))

    def share(self, whole: "Scaled") -> Array:
        """Return self / whole as doubles, at most 1; 0 where the whole is 0."""
        ratio = np.divide(
            self.mantissa, whole.mantissa, out=np.zeros(self.mantissa.shape),
            where=whole.mantissa > 0.0,
        )  # fmt: skip
        shift = np.clip(self.exponent - whole.exponent, -2000, 2000).astype(np.int32)
        return np.ldexp(ratio, shift)

    def reshape(self, shape: tuple[int, ...]) -> "Scaled":
        """Return the same numbers in another shape."""
        return Scaled(self.mantissa.reshape(shape), self.exponent.reshape(shape))

    def log(self) -> float:
        """Return the natural logarithm of a single number; -inf for zero."""
        mantissa = float(self.mantissa.reshape(()))
        if mantissa <= 0.0:
            return -np.inf
        return float(np.log(mantissa)) + float(self.exponent.reshape(())) * float(np.log(2.0))
