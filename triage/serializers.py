"""Transactions and alerts as JSON. Types, lengths and choices are checked here; what they mean, in `rows.problems`."""

from typing import Any

from django.db.models import prefetch_related_objects
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from fintech_ai.cases.models import Claim, Recommendation
from fintech_ai.cases.serializers import RecommendationSerializer
from fintech_ai.core.api.fields import AmountField, MomentField, StrictSerializer, TextField
from triage.codes import Kind
from triage.models import Alert, AlertChannel, Channel, EntryMode, FraudReport, Rail, ReportKind, ThreeDS
from triage.rows import CustomerRow, MerchantRow, TransactionRow
from triage.services import MAX_ROWS

MAX_NOTES = 4_000


class DegreesField(serializers.FloatField):
    """A coordinate, as a number."""

    default_error_messages = {"not_a_number": "This must be a number of degrees."}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("not_a_number")
        try:
            return float(data)
        except OverflowError:
            self.fail("not_a_number")


def optional_text(length: int, **kwargs) -> TextField:
    return TextField(max_length=length, required=False, allow_blank=True, default="", **kwargs)


def optional_choice(choices: list[tuple[str, str]], default: str = "") -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices, required=False, allow_blank=not default, default=default)


def optional_degrees() -> DegreesField:
    return DegreesField(required=False, allow_null=True, default=None)


class CustomerSerializer(StrictSerializer):
    """Only the id is needed; what else is sent replaces what is stored of the customer."""

    id = TextField(max_length=100)
    name = optional_text(200)
    home_country = optional_text(2, help_text="ISO 3166-1 alpha-2.")
    home_city = optional_text(100)
    home_latitude, home_longitude = optional_degrees(), optional_degrees()
    since = serializers.DateField(required=False, allow_null=True, default=None)


class MerchantSerializer(StrictSerializer):
    """A merchant, or the payee of a transfer. Only the id is needed."""

    id = TextField(max_length=100)
    name = optional_text(200)
    category = optional_text(60, help_text="Your own category or an MCC (ISO 18245).")
    country = optional_text(2, help_text="ISO 3166-1 alpha-2.")


class TransactionSerializer(StrictSerializer):
    """One payment. What is not known is left out."""

    id = TextField(max_length=100, help_text="Your own id: the same one twice is stored once.")
    customer = CustomerSerializer()
    merchant = MerchantSerializer()
    occurred_at = MomentField()
    amount = AmountField()
    currency = TextField(max_length=3, help_text="ISO 4217.")
    channel = serializers.ChoiceField(choices=Channel.choices)
    rail = optional_choice(Rail.choices, default=Rail.CARD)
    entry_mode = optional_choice(EntryMode.choices)
    three_ds = optional_choice(ThreeDS.choices)
    country = optional_text(2, help_text="Where the payment was made, ISO 3166-1 alpha-2.")
    latitude, longitude = optional_degrees(), optional_degrees()
    device_id = optional_text(100)
    ip_country = optional_text(2, help_text="ISO 3166-1 alpha-2.")
    reported_fraud_at = MomentField(
        required=False, allow_null=True, default=None, help_text="When it became known to be fraud, if it did."
    )


class TransactionsSerializer(StrictSerializer):
    """Up to 1,000 payments; a plain list of them does as well."""

    transactions = TransactionSerializer(many=True, min_length=1, max_length=MAX_ROWS)


class ImportResultSerializer(serializers.Serializer):
    created = serializers.IntegerField(help_text="Stored by this call.")
    already_there = serializers.IntegerField(help_text="Stored before, with the same content.")


class AlertRequestSerializer(StrictSerializer):
    """What raised suspicion of a payment that was posted before."""

    id = optional_text(100, help_text="Your own id of the alert, if it has one.")
    transaction = TextField(max_length=100, help_text="Your id of the transaction.")
    channel = serializers.ChoiceField(choices=AlertChannel.choices, help_text="How the suspicion reached you.")
    raised_by = TextField(max_length=100, help_text="The rule, system or person that raised it.")
    notes = optional_text(
        MAX_NOTES, multiline=True, help_text="For the analyst. A model is sent them with personal data masked."
    )
    queue = optional_text(60, help_text="Slug of the queue; needed only if you may post to several.")


class AlertCaseSerializer(serializers.Serializer):
    """The case that the alert opened."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    url = serializers.SerializerMethodField(help_text="For programs.")
    page = serializers.SerializerMethodField(help_text="For people.")

    def get_url(self, case) -> str:
        return reverse("api-case", args=[case.id], request=self.context.get("request"))

    def get_page(self, case) -> str:
        return reverse("case", args=[case.id], request=self.context.get("request"))


class ReasonCodeSerializer(serializers.Serializer):
    """A signal, or what speaks for the customer: recomputed by code from the recorded features in `evidence`."""

    code, kind, label, statement = (serializers.CharField() for _ in range(4))
    source = serializers.CharField(help_text="The published counterpart of the code.")
    evidence = serializers.SerializerMethodField()

    def get_evidence(self, claim: Claim) -> dict[str, Any]:
        return claim.evidence.get("features", {})


class PublishedCodeSerializer(serializers.Serializer):
    scheme, code, name = (serializers.CharField() for _ in range(3))


class TypologySerializer(serializers.Serializer):
    """A kind of fraud that the signals look like. `signals` are the reason codes that it rests on."""

    code, label, statement = (serializers.CharField() for _ in range(3))
    signals = serializers.ListField(source="evidence.signals", child=serializers.CharField())
    published = PublishedCodeSerializer(source="evidence.published", many=True)


class SystemCodeSerializer(serializers.Serializer):
    """What the machine says of its own answer."""

    code, label, statement = (serializers.CharField() for _ in range(3))


class TriageRecommendationSerializer(RecommendationSerializer):
    """The same contract whoever made it. Codes are facts that code bore out; `claims` also holds what failed."""

    reason_codes = serializers.SerializerMethodField()
    typologies = serializers.SerializerMethodField()
    system_codes = serializers.SerializerMethodField()
    unsupported = serializers.SerializerMethodField(help_text="Claims of the model that the record does not bear out.")

    class Meta(RecommendationSerializer.Meta):
        fields = [*RecommendationSerializer.Meta.fields, "reason_codes", "typologies", "system_codes", "unsupported"]

    @extend_schema_field(ReasonCodeSerializer(many=True))
    def get_reason_codes(self, recommendation: Recommendation) -> list[dict[str, Any]]:
        return ReasonCodeSerializer(self._facts(recommendation, Kind.SIGNAL, Kind.EXCULPATORY), many=True).data

    @extend_schema_field(TypologySerializer(many=True))
    def get_typologies(self, recommendation: Recommendation) -> list[dict[str, Any]]:
        return TypologySerializer(self._facts(recommendation, Kind.TYPOLOGY), many=True).data

    @extend_schema_field(SystemCodeSerializer(many=True))
    def get_system_codes(self, recommendation: Recommendation) -> list[dict[str, Any]]:
        return SystemCodeSerializer(self._facts(recommendation, Kind.SYSTEM), many=True).data

    def get_unsupported(self, recommendation: Recommendation) -> int:
        return sum(not claim.supported for claim in self._claims(recommendation))

    def _facts(self, recommendation: Recommendation, *kinds: Kind) -> list[Claim]:
        return [claim for claim in self._claims(recommendation) if claim.supported and claim.kind in kinds]

    def _claims(self, recommendation: Recommendation) -> list[Claim]:
        """Read once for all fields."""
        prefetch_related_objects([recommendation], "claims")
        return list(recommendation.claims.all())


class AlertReceiptSerializer(serializers.ModelSerializer):
    """The alert was taken. Its recommendation follows; `state` is that of the case."""

    case = AlertCaseSerializer()
    state = serializers.CharField(source="case.state")

    class Meta:
        model = Alert
        fields = ["id", "case", "state"]


class AlertSerializer(AlertReceiptSerializer):
    """An alert with the recommendation for it, once there is one."""

    transaction = serializers.CharField(source="transaction.external_id")
    received_at = MomentField()
    outcome = serializers.CharField(source="case.outcome", help_text="What was decided; empty before.")
    recommendation = TriageRecommendationSerializer(source="case.shown_recommendation", allow_null=True)

    class Meta(AlertReceiptSerializer.Meta):
        fields = [
            "id",
            "external_id",
            "transaction",
            "channel",
            "raised_by",
            "notes",
            "received_at",
            "state",
            "outcome",
            "case",
            "recommendation",
        ]


def transaction_rows(sent: list[dict[str, Any]]) -> list[TransactionRow]:
    """Validated transactions as the service takes them."""
    return [
        TransactionRow(
            **{**row, "customer": CustomerRow(**row["customer"]), "merchant": MerchantRow(**row["merchant"])}
        )
        for row in sent
    ]


class FraudReportRequestSerializer(StrictSerializer):
    """What became known of a payment that was posted before."""

    id = optional_text(100, help_text="Your own id of the report, if it has one: the same one twice is stored once.")
    transaction = TextField(max_length=100, help_text="Your id of the transaction.")
    kind = serializers.ChoiceField(choices=ReportKind.choices)
    reason_code = optional_text(20, help_text="As the network or scheme gives it, such as 10.4 (Visa), 4837 or R10.")
    reported_at = MomentField(help_text="From when on it was known. Nothing before that moment learns of it.")


class FraudReportSerializer(serializers.ModelSerializer):
    transaction = serializers.CharField(source="transaction.external_id", help_text="Your id of the transaction.")
    reported_at, received_at = MomentField(), MomentField()
    fraud_since = MomentField(
        source="transaction.reported_fraud_at",
        allow_null=True,
        help_text="The payment's label with all that is known: since when it counts as fraud; null if it does not.",
    )

    class Meta:
        model = FraudReport
        fields = [
            "id", "external_id", "transaction", "kind", "reason_code", "reported_at", "received_at", "fraud_since",
        ]  # fmt: skip
