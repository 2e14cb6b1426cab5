"""What the models of the benchmarks are asked for: a verdict of ordinary size. Needs pydantic alone."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Reason(BaseModel):
    """One reason with what it leans on."""

    model_config = ConfigDict(extra="forbid")

    code: Literal["amount", "place", "device", "merchant", "time"]
    feature: str
    value: str


class Answer(BaseModel):
    """A verdict with its reasons."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["clear", "escalate", "block"]
    confidence: float = Field(ge=0, le=1)
    reasons: list[Reason]
    summary: str


GOOD = Answer(
    decision="escalate",
    confidence=0.7,
    reasons=[
        Reason(code="amount", feature="amount_to_usual", value="6.2"),
        Reason(code="place", feature="km_from_home", value="812"),
    ],
    summary="The amount is six times the usual one and the place is far from home.",
)
