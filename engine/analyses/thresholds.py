"""Test, treat, or wait: the threshold approach of Pauker & Kassirer.

doi:10.1056/NEJM198005153022003. With B the benefit of treating those who have the disease, C the
harm of treating those who do not, R the risk of the test (all in one unit of utility):

    T_treat only  = C / (B + C)                                     no test at hand (1975)
    T_testing     = (fp C + R) / (fp C + tp B)       below it: neither test nor treat
    T_test-treat  = (tn C - R) / (tn C + fn B)       above it: treat without the test
"""

from dataclasses import dataclass

from fascinet.model.arguments import number_of
from fascinet.model.errors import ArgumentError


@dataclass(frozen=True)
class Thresholds:
    """Where the best action changes, as probabilities of the disease.

    Attributes
    ----------
    testing : float
        Below it: neither test nor treat.
    treatment : float
        Above it: treat at once. If testing ≥ treatment the test is never worth doing.
    without_test : float
        Where treating begins if there is no test.
    """

    testing: float
    treatment: float
    without_test: float

    @property
    def test_is_useful(self) -> bool:
        """Whether there is a range of probabilities in which to test."""
        return self.testing < self.treatment

    def action(self, p: float) -> str:
        """Return "withhold", "test" or "treat" for a probability of disease."""
        if not self.test_is_useful:
            return "treat" if p >= self.without_test else "withhold"
        if p < self.testing:
            return "withhold"
        return "treat" if p > self.treatment else "test"


def thresholds(
    benefit: float,
    harm: float,
    true_positive_rate: float = 1.0,
    false_positive_rate: float = 0.0,
    risk: float = 0.0,
) -> Thresholds:
    """Return the testing and the treatment threshold.

    Parameters
    ----------
    benefit, harm, risk : float
        B, C and R above, all at least 0; B + C > 0.
    true_positive_rate, false_positive_rate : float
        Of the test, 0 to 1.

    Raises
    ------
    ArgumentError
        If a number lies outside its range.
    """
    for name, value in (("benefit", benefit), ("harm", harm), ("risk", risk)):
        number_of(name, value)
    for name, value in (("true positive rate", true_positive_rate),
                        ("false positive rate", false_positive_rate)):  # fmt: skip
        number_of(name, value, 0.0, 1.0)
    if benefit + harm <= 0.0:
        raise ArgumentError("benefit + harm", "more than 0", benefit + harm)
    tp, fp = true_positive_rate, false_positive_rate
    positive, negative = fp * harm + tp * benefit, (1 - fp) * harm + (1 - tp) * benefit
    testing = (fp * harm + risk) / positive if positive > 0 else 1.0
    treatment = ((1 - fp) * harm - risk) / negative if negative > 0 else 0.0
    return Thresholds(
        min(max(testing, 0.0), 1.0), min(max(treatment, 0.0), 1.0), harm / (benefit + harm)
    )


def expected_utility(
    p: float,
    benefit: float,
    harm: float,
    true_positive_rate: float,
    false_positive_rate: float,
    risk: float,
) -> dict[str, float]:
    """Return the expected utility of withholding, testing and treating, withholding at 0."""
    tested = p * true_positive_rate * benefit - (1.0 - p) * false_positive_rate * harm - risk
    return {"withhold": 0.0, "test": tested, "treat": p * benefit - (1.0 - p) * harm}
