"""The REST edge of triage: transactions and alerts come in, and an alert's recommendation is read back."""

import dataclasses
import uuid

import django_filters
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from fintech_ai.accounts.idempotency import HEADER, idempotent
from fintech_ai.cases.states import CaseState
from fintech_ai.core.api.pagination import NewestFirst
from fintech_ai.core.errors import InvalidInput
from triage.models import FraudReport, ReportKind
from triage.selectors import alert_visible_to, fraud_reports_visible_to, queue_for_alerts
from triage.serializers import (
    AlertReceiptSerializer,
    AlertRequestSerializer,
    AlertSerializer,
    FraudReportRequestSerializer,
    FraudReportSerializer,
    ImportResultSerializer,
    TransactionSerializer,
    TransactionsSerializer,
    transaction_rows,
)
from triage.services import MAX_ROWS, alert_submit, fraud_report_submit, transactions_import

POLL_SECONDS = 1
TRANSACTIONS_BODY = PolymorphicProxySerializer(
    component_name="TransactionsBody",
    serializers=[TransactionsSerializer, TransactionSerializer(many=True)],
    resource_type_field_name=None,
    many=False,
)


def idempotency_header(*, required: bool) -> OpenApiParameter:
    return OpenApiParameter(
        HEADER,
        location=OpenApiParameter.HEADER,
        required=required,
        description="Yours, such as a UUID. The same key with the same body gets the same answer, and nothing twice.",
    )


class TransactionImport(APIView):
    """Post up to 1,000 transactions, all or none. Sent twice with the same content, they are stored once."""

    @extend_schema(
        request=TRANSACTIONS_BODY,
        responses=ImportResultSerializer,
        parameters=[idempotency_header(required=False)],
        operation_id="triage_transactions_import",
    )
    @idempotent(required=False)
    def post(self, request: Request) -> Response:
        is_list = isinstance(request.data, list)
        many = {"many": True, "min_length": 1, "max_length": MAX_ROWS}
        serializer = (
            TransactionSerializer(data=request.data, **many) if is_list else TransactionsSerializer(data=request.data)
        )
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data if is_list else serializer.validated_data["transactions"]
        try:
            result = transactions_import(actor=request._request.actor, rows=transaction_rows(sent))
        except InvalidInput as error:
            if is_list:
                error.fields = {path.removeprefix("transactions/"): faults for path, faults in error.fields.items()}
            raise
        return Response(ImportResultSerializer(dataclasses.asdict(result)).data)


class AlertSubmit(APIView):
    """Post an alert on a transaction. It opens a case; read the recommendation at the address in `Location`."""

    @extend_schema(
        request=AlertRequestSerializer,
        responses={202: AlertReceiptSerializer},
        parameters=[idempotency_header(required=True)],
        operation_id="triage_alert_submit",
    )
    @idempotent(required=True)
    def post(self, request: Request) -> Response:
        actor = request._request.actor
        serializer = AlertRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data
        receipt = alert_submit(
            actor=actor,
            queue=queue_for_alerts(actor, sent["queue"]),
            transaction_id=sent["transaction"],
            channel=sent["channel"],
            raised_by=sent["raised_by"],
            notes=sent["notes"],
            external_id=sent["id"],
        )
        headers = {
            "Location": reverse("api-triage-alert", args=[receipt.alert.id], request=request),
            "Retry-After": str(POLL_SECONDS),
        }
        body = AlertReceiptSerializer(receipt.alert, context={"request": request}).data
        return Response(body, status=202, headers=headers)


class AlertDetail(APIView):
    """One alert. While its recommendation is being made, `state` is received and Retry-After says when to ask again."""

    @extend_schema(responses=AlertSerializer, operation_id="triage_alert_retrieve")
    def get(self, request: Request, alert_id: uuid.UUID) -> Response:
        alert = alert_visible_to(request._request.actor, alert_id)
        headers = {"Retry-After": str(POLL_SECONDS)} if alert.case.state == CaseState.RECEIVED else {}
        return Response(AlertSerializer(alert, context={"request": request}).data, headers=headers)


class FraudReportFilter(django_filters.FilterSet):
    transaction = django_filters.CharFilter(field_name="transaction__external_id")
    kind = django_filters.ChoiceFilter(choices=ReportKind.choices)


class FraudReports(ListAPIView):
    """Chargebacks and confirmations, newest first; post one, and the payment's label follows."""

    serializer_class = FraudReportSerializer
    filterset_class = FraudReportFilter
    pagination_class = NewestFirst

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return FraudReport.objects.none()
        return fraud_reports_visible_to(self.request._request.actor)

    @extend_schema(
        request=FraudReportRequestSerializer,
        responses={201: FraudReportSerializer},
        parameters=[idempotency_header(required=True)],
        operation_id="triage_fraud_report_submit",
    )
    @idempotent(required=True)
    def post(self, request: Request) -> Response:
        serializer = FraudReportRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data
        receipt = fraud_report_submit(
            actor=request._request.actor,
            transaction_id=sent["transaction"],
            kind=sent["kind"],
            reason_code=sent["reason_code"],
            reported_at=sent["reported_at"],
            external_id=sent["id"],
        )
        return Response(FraudReportSerializer(receipt.report).data, status=201 if receipt.created else 200)


urlpatterns = [
    path("transactions", TransactionImport.as_view(), name="api-triage-transactions"),
    path("alerts", AlertSubmit.as_view(), name="api-triage-alerts"),
    path("fraud-reports", FraudReports.as_view(), name="api-triage-fraud-reports"),
    path("alerts/<uuid:alert_id>", AlertDetail.as_view(), name="api-triage-alert"),
]
