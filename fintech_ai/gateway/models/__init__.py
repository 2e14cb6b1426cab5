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

__all__ = ["MAX_ATTEMPTS", "CallRole", "ChargeKind", "DegradedReason", "LedgerEntry", "ModelCall", "Outcome"]
