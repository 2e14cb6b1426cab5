"""What changes customers, merchants, transactions and alerts. Every service writes, audits and announces."""

from triage.services.alerts import AlertReceipt, alert_submit
from triage.services.scoring import model_train
from triage.services.transactions import MAX_ROWS, ImportResult, transactions_import

__all__ = ["MAX_ROWS", "AlertReceipt", "ImportResult", "alert_submit", "model_train", "transactions_import"]
