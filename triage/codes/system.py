"""System codes: what the machine says of its own answer."""

from dataclasses import dataclass

from triage.codes import facts
from triage.codes.code import ENOUGH_PAYMENTS, Code, Kind

INSUFFICIENT_HISTORY = Code(
    "insufficient_history",
    Kind.SYSTEM,
    "Too little history",
    reads=("payments_90d", "history_days"),
    holds=lambda f: f.payments_90d < ENOUGH_PAYMENTS,
    facts=facts.history,
    why="Below ten payments a customer's own pattern is not known, so nothing is cleared on it.",
)


@dataclass(frozen=True)
class Notice:
    """A system code that tells how the answer came about; it reads no features."""

    code: str
    label: str


INSUFFICIENT_EVIDENCE = Notice("insufficient_evidence", "Nothing on record carries a view")
CONFLICTING = Notice("conflicting", "The evidence conflicts")
UNTRUSTED_TEXT = Notice("untrusted_text", "Text by others, not followed")
MODEL_UNAVAILABLE = Notice("model_unavailable", "Model unavailable")
MODEL_MORE_LENIENT = Notice("model_more_lenient", "Model said less, baseline kept")
MODEL_WITHOUT_EVIDENCE = Notice("model_without_evidence", "Model said more, without evidence")
NOTES_RAISED = Notice("notes_raised", "Raised after reading the notes")
NOTES_NOT_READ = Notice("notes_not_read", "Notes not read by the model")
UNKNOWN_CODE = Notice("unknown_code", "Unknown reason code")
NOTICES = (
    INSUFFICIENT_EVIDENCE,
    CONFLICTING,
    UNTRUSTED_TEXT,
    MODEL_UNAVAILABLE,
    MODEL_MORE_LENIENT,
    MODEL_WITHOUT_EVIDENCE,
    NOTES_RAISED,
    NOTES_NOT_READ,
    UNKNOWN_CODE,
)
# From how many signals, and as many points in the customer's favour, the evidence is said to conflict.
CONFLICT_FROM = 2
