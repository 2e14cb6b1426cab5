"""What was sent and received in a call, encrypted; and what can never be true of it.

Written once, with the end of the call. Only a change of data keys may seal it anew, and it is only deleted when its
time is over: migration 0005_call_content.
"""

import json
import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from pydantic_core import PydanticSerializationError, to_json

from fintech_ai.gateway.models.calls import ModelCall
from fintech_ai.privacy.sealed import SealedModel


class CallContent(SealedModel):
    """One JSON document for each call, with which it can be looked at and asked again.

    asked: reference, data (minimised and masked), and what was looked up, as it was told to the model
    exchanges: for each request its target, its messages as they were sent, and the reply as it was received
    replacements: the masked values by their placeholders; the id of this row names them
    """

    call = models.OneToOneField(ModelCall, on_delete=models.PROTECT, related_name="content")
    created_at = models.DateTimeField(auto_now_add=True)
    keep_until = models.DateTimeField(help_text="It is deleted on the day after.")

    class Meta:
        indexes = [models.Index(fields=["tenant", "keep_until"], name="call_content_by_end")]

    def __str__(self) -> str:
        return f"content of call {self.call_id}"

    @classmethod
    def sealed(cls, call_id: uuid.UUID, document: dict[str, Any]) -> Self:
        """The row, not saved. Raises VaultClosed without a master key; see `privacy.vault.check_open`."""
        row = cls(call_id=call_id, keep_until=timezone.now() + timedelta(days=settings.MODEL_CONTENT_DAYS))
        return row.seal(_as_json(document))

    def opened(self) -> dict[str, Any]:
        """The document. Raises NotSealedHere if the row was moved or altered, VaultClosed without its key."""
        return json.loads(self.unsealed())


def _as_json(document: dict[str, Any]) -> bytes:
    try:
        return to_json(document)
    except PydanticSerializationError:
        # A reply may hold halves of characters, which are no UTF-8: the slower way escapes all but ASCII.
        return json.dumps(document, cls=DjangoJSONEncoder).encode()
