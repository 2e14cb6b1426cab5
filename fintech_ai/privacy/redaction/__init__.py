"""Redaction: any free text passes here before it may leave to a model provider.

    redaction = redact(content, known=KnownValues(names=["Ana Silva"], cards=["4111 1111 1111 1111"]))
    answer = rehydrate(ask_the_model(redaction.content), redaction.replacements)

What the record knows is masked exactly, in every spelling that `known` derives; then what `patterns` and the
`detector` find. Those two run in a process of their own (`process`), so that a detector that hangs or dies takes
nothing with it: `redact` raises `RedactionFailed`, and the caller must not send.
"""

from .engine import NOTHING_KNOWN, Masking, Redaction, redact, rehydrate
from .errors import RedactionFailed
from .known import KnownValues

__all__ = ["NOTHING_KNOWN", "KnownValues", "Masking", "Redaction", "RedactionFailed", "redact", "rehydrate"]
