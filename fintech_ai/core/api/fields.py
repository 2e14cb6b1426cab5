"""Strict serializer fields: what is not meant is refused, never guessed."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

# A time nearer to year 1 could not be shown in every time zone, nor read back from the database in all of them.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
PLAIN_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
MAX_NAMED = 20


class StrictSerializer(serializers.Serializer):
    """Refuses names that it does not know, so that a typo does not vanish."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {name: ["There is no field of this name."] for name in unknown[:MAX_NAMED]}
                )
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """Text that is given as text, without control characters or halves of characters."""

    default_error_messages = {
        "not_text": "This must be text in quotation marks.",
        "control": "This holds a character that is no text (U+{code:04X}).",
    }

    def __init__(self, *, multiline: bool = False, **kwargs):
        self.multiline = multiline
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_text")
        allowed = "\n\r\t" if self.multiline else ""
        for character in data:
            if unicodedata.category(character) in {"Cc", "Cs"} and character not in allowed:
                self.fail("control", code=ord(character))
        return super().to_internal_value(data)


class WholeNumberField(serializers.IntegerField):
    """A whole number that is given as a number."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class YesNoField(serializers.BooleanField):
    """true or false, and nothing that resembles them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


@extend_schema_field({"type": "string", "pattern": r"^\d{1,15}(\.\d{1,4})?$", "examples": ["12.50"]})
class AmountField(serializers.Field):
    """An amount as text or number: "12.50". What is a sensible amount in its currency is for the service to say."""

    default_error_messages = {"not_a_number": 'This must be an amount such as "12.50".'}

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            self.fail("not_a_number")
        if isinstance(data, str) and not PLAIN_NUMBER.fullmatch(data):
            self.fail("not_a_number")
        try:
            # A float's shortest text is the number that was sent, as far as any reader of JSON can know.
            amount = Decimal(repr(data) if isinstance(data, float) else data)
        except ArithmeticError:
            self.fail("not_a_number")
        if not amount.is_finite():
            self.fail("not_a_number")
        return amount

    def to_representation(self, value: Decimal) -> str:
        return f"{value.normalize():f}"


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field):
    """A time with its offset (RFC 3339)."""

    default_error_messages = {
        "not_a_time": 'This must be a time with its offset, such as "2026-03-14T02:41:07Z".',
        "out_of_range": "This time lies before 1900, or after 9999.",
        "no_offset": 'The offset is missing: end with "Z" or one such as "-05:00".',
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str):
            self.fail("not_a_time")
        try:
            moment = parse_datetime(data)
        except ValueError:
            moment = None
        if moment is None:
            self.fail("not_a_time")
        if timezone.is_naive(moment):
            self.fail("no_offset")
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            self.fail("out_of_range")
        if moment < EARLIEST:
            self.fail("out_of_range")
        return moment

    def to_representation(self, value: datetime) -> str:
        return value.isoformat().replace("+00:00", "Z")
