"""One thing that is wrong, with its place and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong with a knowledge base, or with a network under construction.

    Attributes
    ----------
    level : str
        "error" (it cannot be used) or "warning".
    rule : str
        Short name of the rule that it breaks.
    where : str
        The place: `causes/als.yaml:42: findings.weakness.objective`, or a variable.
    message : str
        What was expected and what was got.
    remedy : str
        What to do.
    """

    level: str
    rule: str
    where: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.level} [{self.rule}] {self.where}: {self.message}; {self.remedy}"
