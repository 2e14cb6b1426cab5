"""What is stored of calls to models."""

from fintech_ai.gateway.models.calls import (
    MAX_ATTEMPTS,
    CallRole,
    ChargeKind,
    DegradedReason,
    LedgerEntry,
    ModelCall,
    Outcome,
)
from fintech_ai.gateway.models.configuration import BudgetLimits, PromptChoice, Route, VendorReview
from fintech_ai.gateway.models.contents import CallContent

__all__ = [
    "MAX_ATTEMPTS",
    "BudgetLimits",
    "CallContent",
    "CallRole",
    "ChargeKind",
    "DegradedReason",
    "LedgerEntry",
    "ModelCall",
    "Outcome",
    "PromptChoice",
    "Route",
    "VendorReview",
]
