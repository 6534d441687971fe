"""A least-recently-used cache of programs with a memory bound."""

from collections import OrderedDict

from fascinet.engine.run.loaded import Loaded
from fascinet.engine.tables.pattern import Pattern


class ProgramCache:
    """Keeps programs until their entries exceed `bound`; the least recently used goes first."""

    def __init__(self, bound: float = 2**26, most: int = 4096) -> None:
        self.bound, self.most, self.held = bound, most, 0.0
        self._programs: OrderedDict[Pattern, Loaded] = OrderedDict()

    def get(self, pattern: Pattern) -> Loaded | None:
        """Return the program of a pattern, or None."""
        program = self._programs.get(pattern)
        if program is not None:
            self._programs.move_to_end(pattern)
        return program

    def put(self, pattern: Pattern, program: Loaded) -> None:
        """Keep a program, dropping old ones beyond the bound."""
        if pattern in self._programs:
            return
        self._programs[pattern] = program
        self.held += program.plan.entries
        while len(self._programs) > 1 and (
            self.held > self.bound or len(self._programs) > self.most
        ):
            _, old = self._programs.popitem(last=False)
            self.held -= old.plan.entries

    def __len__(self) -> int:
        return len(self._programs)
