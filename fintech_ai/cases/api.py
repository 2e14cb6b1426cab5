"""The REST edge of cases: reading for programs and people, deciding for people."""

import uuid
from datetime import UTC, datetime

import django_filters
from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases import services
from fintech_ai.cases.models import Case, Queue
from fintech_ai.cases.selectors import case_detail, case_visible_to, cases_visible_to, queues_visible_to
from fintech_ai.cases.serializers import (
    ApprovalSerializer,
    AssignmentSerializer,
    AuditEventSerializer,
    CaseDetailSerializer,
    CaseSerializer,
    DecideSerializer,
    DecisionSerializer,
    QueueSerializer,
    SnoozeSerializer,
)
from fintech_ai.cases.states import CaseState
from fintech_ai.cases.trail import shown_trail
from fintech_ai.core.api.pagination import NewestFirst, OldestFirst

POLL_SECONDS = 1


class CaseFilter(django_filters.FilterSet):
    """`assignee` takes an id, `me` or `none`."""

    capability = django_filters.CharFilter()
    state = django_filters.ChoiceFilter(choices=CaseState.choices)
    queue = django_filters.CharFilter(field_name="queue__slug")
    outcome = django_filters.CharFilter()
    assignee = django_filters.CharFilter(method="by_assignee")
    min_risk = django_filters.NumberFilter(field_name="risk", lookup_expr="gte", min_value=0, max_value=100)
    created_after = django_filters.IsoDateTimeFilter(method="by_time")
    created_before = django_filters.IsoDateTimeFilter(method="by_time")

    def by_time(self, cases, name, value: datetime):
        try:
            moment = value.astimezone(UTC)
        except OverflowError:
            raise ValidationError({name: ["This time lies outside the calendar."]}) from None
        return cases.filter(created_at__gte=moment) if name == "created_after" else cases.filter(created_at__lt=moment)

    def by_assignee(self, cases, name, value):
        if value == "none":
            return cases.filter(assignee__isnull=True)
        if value == "me":
            # A token is nobody's assignee; its user_id of None would find the free cases.
            user_id = self.request._request.actor.user_id
            return cases.filter(assignee_id=user_id) if user_id else cases.none()
        try:
            return cases.filter(assignee_id=uuid.UUID(value))
        except ValueError:
            raise ValidationError({name: ["This must be the id of a person, me or none."]}) from None


class QueueList(ListAPIView):
    """The queues that you may see."""

    serializer_class = QueueSerializer
    pagination_class = NewestFirst

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Queue.objects.none()
        return queues_visible_to(self.request._request.actor)


class CaseList(ListAPIView):
    """The cases that you may see, newest first."""

    serializer_class = CaseSerializer
    filterset_class = CaseFilter

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Case.objects.none()
        return cases_visible_to(self.request._request.actor).select_related("queue", "assignee")


class CaseDetailView(APIView):
    """One case. While its recommendation is being made, `state` is received and Retry-After says when to ask again."""

    @extend_schema(responses=CaseDetailSerializer, operation_id="case_retrieve")
    def get(self, request: Request, case_id: uuid.UUID) -> Response:
        detail = case_detail(request._request.actor, case_id)
        headers = {"Retry-After": str(POLL_SECONDS)} if detail.case.state == CaseState.RECEIVED else {}
        return Response(CaseDetailSerializer(detail, context={"request": request}).data, headers=headers)


class CaseTrail(ListAPIView):
    """What happened to a case: its part of the audit trail, oldest first.

    While the case is blind the event `recommendation.made` is held back.
    """

    serializer_class = AuditEventSerializer
    pagination_class = OldestFirst

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return AuditEvent.objects.none()
        return shown_trail(case_visible_to(self.request._request.actor, self.kwargs["case_id"]))


class CaseTake(APIView):
    """Hold a free case. 409 names who holds it."""

    @extend_schema(request=None, responses=CaseSerializer)
    def post(self, request: Request, case_id: uuid.UUID) -> Response:
        case = services.case_take(actor=request._request.actor, case_id=case_id)
        return Response(CaseSerializer(case, context={"request": request}).data)


class CaseRelease(APIView):
    """Let go of a case."""

    @extend_schema(request=None, responses=CaseSerializer)
    def post(self, request: Request, case_id: uuid.UUID) -> Response:
        case = services.case_release(actor=request._request.actor, case_id=case_id)
        return Response(CaseSerializer(case, context={"request": request}).data)


class CaseAssign(APIView):
    """Hand a case to a member of its queue, or to nobody."""

    @extend_schema(request=AssignmentSerializer, responses=CaseSerializer)
    def post(self, request: Request, case_id: uuid.UUID) -> Response:
        sent = _valid(AssignmentSerializer, request)
        case = services.case_assign(
            actor=request._request.actor, case_id=case_id, version=sent["version"], assignee_id=sent["assignee"]
        )
        return Response(CaseSerializer(case, context={"request": request}).data)


class CaseSnooze(APIView):
    """Put a case out of sight until a time, or take it back."""

    @extend_schema(request=SnoozeSerializer, responses=CaseSerializer)
    def post(self, request: Request, case_id: uuid.UUID) -> Response:
        case = services.case_snooze(actor=request._request.actor, case_id=case_id, **_valid(SnoozeSerializer, request))
        return Response(CaseSerializer(case, context={"request": request}).data)


class CaseDecide(APIView):
    """Decide a case, as a person with a session. Where policy asks for it, a second person has to approve."""

    @extend_schema(request=DecideSerializer, responses={201: DecisionSerializer})
    def post(self, request: Request, case_id: uuid.UUID) -> Response:
        decision = services.case_decide(
            actor=request._request.actor, case_id=case_id, **_valid(DecideSerializer, request)
        )
        return Response(DecisionSerializer(decision).data, status=201)


class CaseApprove(APIView):
    """Give the second approval, or send the case back with a note."""

    @extend_schema(
        request=ApprovalSerializer, responses={201: OpenApiResponse(DecisionSerializer, "The approval or the return.")}
    )
    def post(self, request: Request, case_id: uuid.UUID) -> Response:
        sent = _valid(ApprovalSerializer, request)
        answer = services.case_approve if sent.pop("approve") else services.case_send_back
        decision = answer(actor=request._request.actor, case_id=case_id, **sent)
        return Response(DecisionSerializer(decision).data, status=201)


def _valid(serializer_class, request: Request) -> dict:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


urlpatterns = [
    path("queues", QueueList.as_view(), name="api-queues"),
    path("cases", CaseList.as_view(), name="api-cases"),
    path("cases/<uuid:case_id>", CaseDetailView.as_view(), name="api-case"),
    path("cases/<uuid:case_id>/trail", CaseTrail.as_view(), name="api-case-trail"),
    path("cases/<uuid:case_id>/take", CaseTake.as_view(), name="api-case-take"),
    path("cases/<uuid:case_id>/release", CaseRelease.as_view(), name="api-case-release"),
    path("cases/<uuid:case_id>/assignment", CaseAssign.as_view(), name="api-case-assign"),
    path("cases/<uuid:case_id>/snooze", CaseSnooze.as_view(), name="api-case-snooze"),
    path("cases/<uuid:case_id>/decisions", CaseDecide.as_view(), name="api-case-decide"),
    path("cases/<uuid:case_id>/approvals", CaseApprove.as_view(), name="api-case-approve"),
]
