"""What changes customers, merchants, transactions and alerts. Every service writes, audits and announces."""

from triage.services.alerts import AlertReceipt, alert_submit
from triage.services.clearing import clearing_check, clearing_follow, policies_in_force
from triage.services.labels import ReportReceipt, fraud_report_submit, label_decided
from triage.services.reporting import sar_export
from triage.services.scoring import model_train
from triage.services.transactions import MAX_ROWS, ImportResult, transactions_import

__all__ = [
    "MAX_ROWS",
    "AlertReceipt",
    "ImportResult",
    "ReportReceipt",
    "alert_submit",
    "clearing_check",
    "clearing_follow",
    "fraud_report_submit",
    "label_decided",
    "model_train",
    "policies_in_force",
    "sar_export",
    "transactions_import",
]
