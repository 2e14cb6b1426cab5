"""What a model may say about an alert. Pydantic becomes the JSON schema that is sent with the question.

The schema names every known code and feature, so that an honest model stays inside the catalogue; validation lets any
short string through, so that an invented code is checked, shown as unsupported and counted instead of vanishing in a
failed parse.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from triage.codes import CATALOGUE, SIGNALS, TYPOLOGIES
from triage.codes.missing import MISSING
from triage.features import Features

CodeName = Annotated[str, Field(max_length=100), WithJsonSchema({"type": "string", "enum": sorted(CATALOGUE)})]
FeatureName = Annotated[
    str, Field(max_length=100), WithJsonSchema({"type": "string", "enum": list(Features.model_fields)})
]
SignalName = Annotated[
    str, Field(max_length=100), WithJsonSchema({"type": "string", "enum": [signal.code for signal in SIGNALS]})
]
TypologyName = Annotated[str, Field(max_length=100), WithJsonSchema({"type": "string", "enum": list(TYPOLOGIES)})]
ClaimName = Annotated[
    str, Field(max_length=100), WithJsonSchema({"type": "string", "enum": [*sorted(CATALOGUE), *TYPOLOGIES]})
]
MissingCode = Literal[tuple(missing.code for missing in MISSING)]


class QuotedFeature(BaseModel):
    """One recorded value that a reason leans on, copied as it was given."""

    model_config = ConfigDict(extra="forbid")

    name: FeatureName
    value: str = Field(max_length=100, description="the value, copied as given")


class ReasonGiven(BaseModel):
    """One reason code with its evidence."""

    model_config = ConfigDict(extra="forbid")

    code: CodeName
    features: list[QuotedFeature] = Field(max_length=12)


class TypologyGiven(BaseModel):
    """One kind of fraud, and the signals that it is said to rest on."""

    model_config = ConfigDict(extra="forbid")

    code: TypologyName
    signals: list[SignalName] = Field(max_length=12)


class SummarySentence(BaseModel):
    """One sentence of the summary, and the reason codes and typologies that bear it out."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=300)
    codes: list[ClaimName] = Field(max_length=6)


class TriageAnswer(BaseModel):
    """The whole answer for one alert. Answers stored before there were typologies have none."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["clear", "review", "escalate", "block"]
    confidence: float = Field(ge=0, le=1, description="probability that the decision is right")
    reason_codes: list[ReasonGiven] = Field(max_length=16)
    typologies: list[TypologyGiven] = Field(default_factory=list, max_length=3)
    summary: list[SummarySentence] = Field(max_length=4)
    missing: list[MissingCode] = Field(max_length=len(MISSING), description="what would change the answer")


class NotesAnswer(BaseModel):
    """What notes may make a model say: a decision and the codes that bear it out. No words of its own to show."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["clear", "review", "escalate", "block"]
    reason_codes: list[ReasonGiven] = Field(max_length=16)
