"""How a variable depends on its parents: tables, noisy gates, functions, regressions."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from fascinet.model import builder_rows as read
from fascinet.model.arguments import mapping_of
from fascinet.model.builder_drafts import Drafts
from fascinet.model.errors import NetworkError


class Gates(Drafts):
    """Gives variables their gates: what `NetworkBuilder` rests on."""

    def table(self, name: str, rows: Any, *, parents: Iterable[str] = ()) -> Self:
        """Give a variable a table.

        Parameters
        ----------
        name : str
        rows : float, sequence or mapping
            Without parents one row, else a mapping of configuration to row, or nested lists with
            an axis a parent, in order. A configuration is a state, or a tuple with one a parent.
            A row is P(second state) of a variable with two, or one number a state, as a list or
            as a mapping.
        parents : iterable of str

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("season", ["summer", "winter"]).variable("flu")
        >>> b = b.table("season", [0.5, 0.5])
        >>> b = b.table("flu", {"summer": 0.01, "winter": 0.1}, parents=["season"])
        >>> b.build().cpt("flu").tolist()
        [[0.99, 0.01], [0.9, 0.1]]
        >>> b.table("flu", {"summer": 0.01, "winter": 1.1}, parents=["season"])
        Traceback (most recent call last):
        ...
        fascinet.model.errors.NetworkError: table of 'flu', row season=winter: expected a ...
        """
        draft, above = self._draft(name), self._above(name, parents, full=True)
        return self._set(draft, above, read.table(name, draft.states, above, rows))

    def noisy_or(self, name: str, links: Mapping[str, Any], *, leak: float = 0.0) -> Self:
        """Give a variable of two states a leaky noisy-OR: each cause acts on its own.

        Parameters
        ----------
        name : str
        links : mapping of parent to float, or to mapping of its states to float
            P(yes | this cause alone), the leak left out (Díez's convention). Of a parent with
            more than two states a number for each but the first, the resting one.
        leak : float
            P(yes | none of the causes): what is not in the network.

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("flu", ["no", "mild", "severe"]).variable("cough")
        >>> b = b.table("flu", [0.9, 0.08, 0.02])
        >>> b = b.noisy_or("cough", {"flu": {"mild": 0.4, "severe": 0.8}}, leak=0.1)
        >>> b.build().cpt("cough")[:, 1].round(2).tolist()
        [0.1, 0.46, 0.82]
        """
        if len(self._draft(name).states) != 2:
            raise NetworkError(f"noisy-OR of {name!r}: expected two states; use noisy_max")
        read.probability(leak, f"leak of {name!r}")
        return self.noisy_max(name, links, leak=leak)

    def noisy_max(self, name: str, links: Mapping[str, Any], *, leak: Any = None) -> Self:
        """Give a variable with ordered states a leaky noisy-MAX: the worst single effect counts.

        Parameters
        ----------
        name : str
        links : mapping of parent to mapping of its states to rows
            Of each parent's state a row over this variable's states, given this cause alone. A
            parent's first state has no effect unless a row says otherwise; of a parent with two
            states the row of the second is enough. States left out of a row have no probability;
            the first, resting one takes what is left.
        leak : row, optional
            What happens without any cause; default: the resting state.

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("flu").variable("fever", ["none", "low", "high"])
        >>> b = b.table("flu", 0.05)
        >>> b = b.noisy_max("fever", {"flu": {"low": 0.3, "high": 0.5}}, leak={"low": 0.1})
        >>> b = b.table("flu", 0.1)
        >>> b.build().cpt("fever")[1].round(3).tolist()
        [0.18, 0.32, 0.5]
        """
        if not isinstance(links, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise NetworkError(f"links of {name!r}: expected a mapping of parent to link")
        draft, above = self._draft(name), self._above(name, links)
        return self._set(draft, above, read.noisy_max(name, draft.states, above, links, leak))

    def deterministic(
        self, name: str, outcome: Callable[..., Any] | Mapping[Any, Any], *, parents: Iterable[str]
    ) -> Self:
        """Make a variable a function of its parents.

        Parameters
        ----------
        name : str
        outcome : callable or mapping
            Takes the parents' states in order and returns a state (or a truth value, for two
            states); or a mapping of configuration to state.
        parents : iterable of str

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("flu").variable("cold").variable("ill")
        >>> b = b.table("flu", 0.05).table("cold", 0.2)
        >>> b = b.deterministic("ill", lambda *causes: "yes" in causes, parents=["flu", "cold"])
        >>> round(fn.Engine(b.build()).prior()["ill"]["yes"], 3)
        0.24
        """
        draft, above = self._draft(name), self._above(name, parents, full=True)
        return self._set(draft, above, read.function(name, draft.states, above, outcome))

    def logistic(self, name: str, weights: Mapping[str, Any], *, intercept: float) -> Self:
        """Give a variable of two states a logistic regression on its parents, kept as a table.

        Parameters
        ----------
        name : str
        weights : mapping of parent to float, or to mapping of its states to float
            Log odds added; the parent's first state is the reference (0 unless given).
        intercept : float
            Log odds of the second state where all parents are at their reference.

        Examples
        --------
        >>> import fascinet as fn
        >>> b = fn.NetworkBuilder().variable("smoker").variable("cough").table("smoker", 0.3)
        >>> b = b.logistic("cough", {"smoker": 1.5}, intercept=-2.0)
        >>> b.build().cpt("cough")[:, 1].round(3).tolist()
        [0.119, 0.378]
        """
        mapping_of("weights", weights, "parent to log odds")
        draft, above = self._draft(name), self._above(name, weights, full=True)
        return self._set(draft, above, read.logistic(name, draft.states, above, weights, intercept))

    def arc(self, parent: str, child: str) -> Self:
        """Add an arc without figures, for parameters that come later (from data)."""
        draft = self._draft(child)
        self._draft(parent, f"parent of {child!r}")
        if parent in draft.arcs or parent in draft.parents:
            raise NetworkError(f"arc {parent} → {child} is given twice")
        draft.arcs = [*(draft.parents or draft.arcs), parent]
        draft.parents, draft.gate = (), None
        return self
