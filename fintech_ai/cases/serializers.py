"""Cases as JSON."""

from rest_framework import serializers
from rest_framework.reverse import reverse

from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.capability import capability_named
from fintech_ai.cases.models import Case, Claim, Decision, Queue, Recommendation
from fintech_ai.cases.selectors import CaseDetail
from fintech_ai.core.api.fields import (
    AmountField,
    MomentField,
    StrictSerializer,
    TextField,
    WholeNumberField,
    YesNoField,
)


class PersonSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class QueueSerializer(serializers.ModelSerializer):
    class Meta:
        model = Queue
        fields = [
            "id",
            "slug",
            "name",
            "capability",
            "due_minutes",
            "second_approval_decisions",
            "second_approval_from",
        ]


class CaseSerializer(serializers.ModelSerializer):
    """A case as a list shows it."""

    queue = serializers.SlugField(source="queue.slug")
    assignee = PersonSerializer(allow_null=True)
    amount = AmountField(allow_null=True)
    created_at, due_at = MomentField(), MomentField()
    snoozed_until, closed_at = MomentField(allow_null=True), MomentField(allow_null=True)
    url = serializers.SerializerMethodField(help_text="For programs.")
    page = serializers.SerializerMethodField(help_text="For people.")
    risk = serializers.IntegerField(
        source="shown_risk",
        allow_null=True,
        help_text="0 to 100; null before there is a recommendation, or while blind.",
    )

    class Meta:
        model = Case
        fields = [
            "id", "reference", "capability", "queue", "subject", "amount", "currency", "state", "outcome", "risk",
            "headline", "is_blind", "assignee", "version", "created_at", "due_at", "snoozed_until", "closed_at",
            "url", "page",
        ]  # fmt: skip

    def get_url(self, case: Case) -> str:
        return reverse("api-case", args=[case.id], request=self.context.get("request"))

    def get_page(self, case: Case) -> str:
        return reverse("case", args=[case.id], request=self.context.get("request"))


class ClaimSerializer(serializers.ModelSerializer):
    """`supported` was set by code; a claim that is not supported is never a fact, and `finding` says why."""

    class Meta:
        model = Claim
        fields = ["kind", "code", "label", "statement", "source", "evidence", "supported", "finding"]


class RecommendationSerializer(serializers.ModelSerializer):
    claims = ClaimSerializer(many=True)
    created_at = MomentField()

    class Meta:
        model = Recommendation
        fields = [
            "id", "decision", "confidence", "risk", "headline", "summary", "missing", "made_by", "degraded_reason",
            "prompt_version", "model_call_id", "created_at", "claims",
        ]  # fmt: skip


class DecisionSerializer(serializers.ModelSerializer):
    decided_by = PersonSerializer(allow_null=True, help_text="null where the written policy decided.")
    created_at = MomentField()

    class Meta:
        model = Decision
        fields = [
            "id", "step", "outcome", "recommended", "blind", "is_override", "reason", "note", "decided_by", "policy",
            "created_at",
        ]  # fmt: skip


class CaseDetailSerializer(CaseSerializer):
    """A case with all that is known of it. `subject_of_case` is the capability's own part, such as the alert."""

    recommendation = RecommendationSerializer(
        source="shown_recommendation",
        allow_null=True,
        help_text="null before there is one, or while the case is blind.",
    )
    decisions = DecisionSerializer(many=True)
    subject_of_case = serializers.SerializerMethodField()

    class Meta(CaseSerializer.Meta):
        fields = [*CaseSerializer.Meta.fields, "recommendation", "decisions", "subject_of_case"]

    def get_subject_of_case(self, case: Case) -> dict:
        return capability_named(case.capability).api_subject(case)

    def to_representation(self, detail: CaseDetail) -> dict:
        return super().to_representation(detail.case)


class AuditEventSerializer(serializers.ModelSerializer):
    content = serializers.JSONField(help_text="Actor, object, origin, and data with old and new values.")
    at = MomentField()

    class Meta:
        model = AuditEvent
        fields = ["seq", "at", "action", "actor_kind", "actor_id", "content", "prev_hash", "hash"]


class DecideSerializer(StrictSerializer):
    version = WholeNumberField(min_value=1, help_text="Of the case as you read it; a stale one is refused.")
    outcome = TextField(max_length=20)
    reason = TextField(max_length=60, required=False, default="", allow_blank=True)
    note = TextField(max_length=5000, required=False, default="", allow_blank=True, multiline=True)


class ApprovalSerializer(StrictSerializer):
    version = WholeNumberField(min_value=1)
    approve = YesNoField(help_text="false sends the case back; then the note says why.")
    note = TextField(max_length=5000, required=False, default="", allow_blank=True, multiline=True)


class SnoozeSerializer(StrictSerializer):
    version = WholeNumberField(min_value=1)
    until = MomentField(allow_null=True, help_text="At most 14 days ahead; null takes it back.")
    why = TextField(max_length=200, required=False, default="", allow_blank=True, help_text="What it waits for.")


class AssignmentSerializer(StrictSerializer):
    version = WholeNumberField(min_value=1)
    assignee = serializers.UUIDField(allow_null=True, help_text="A member of the queue; null frees the case.")
