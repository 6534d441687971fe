"""What may be asked: the bodies of requests, with an example each for the OpenAPI description."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(max_length=200)]
State = Annotated[str, Field(max_length=200)] | bool | int
Hard = dict[Name, State]
Likelihoods = dict[Name, float] | list[float]
CASE = {"findings": {"weakness": "objective", "atrophy": "yes"}, "age": 61}


def described(example: dict[str, Any]) -> ConfigDict:
    """Return the settings of a body: no unknown keys, and an example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class CaseBody(BaseModel):
    """A case: findings, or a GA4GH Phenopacket."""

    model_config = described({"case": CASE, "setting": "primary_care"})
    case: dict[str, Any]
    setting: Literal["general", "primary_care", "neuromuscular_clinic"] | None = None
    rank: Literal["responsibility", "posterior", "harm"] = "responsibility"


class QueryBody(BaseModel):
    """Evidence on the served network."""

    model_config = described(
        {"evidence": {"setting": "primary_care", "weakness": "objective"}, "targets": ["als"]}
    )
    evidence: Hard = {}
    soft: dict[Name, Likelihoods] = {}
    do: Hard = {}
    targets: list[Name] | None = None


class ExplainBody(BaseModel):
    """A hypothesis and the evidence on it."""

    model_config = described(
        {
            "evidence": {"setting": "primary_care", "weakness": "objective"},
            "target": "als",
            "state": "yes",
        }
    )
    evidence: Hard
    soft: dict[Name, Likelihoods] = {}
    target: Name
    state: Name


class AskBody(BaseModel):
    """A question in words."""

    model_config = described({"query": "als=yes or ms=yes | setting=primary_care, weakness=none"})
    query: Annotated[str, Field(max_length=2000)]
