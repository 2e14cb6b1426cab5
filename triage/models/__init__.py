"""Customer, merchant, transaction, alert: what is stored, and what can never be true of it.

External ids are the bank's own and unique per tenant. Coordinates are WGS 84 degrees.
"""

from triage.models.alerts import Alert, AlertChannel
from triage.models.clearing import Clearing, ClearingCheck, ClearingPolicy
from triage.models.labels import FraudReport, ReportKind
from triage.models.parties import Customer, Merchant
from triage.models.scoring import ScoringChoice, TrainedModel
from triage.models.transactions import PHYSICAL_CHANNELS, Channel, EntryMode, Rail, ThreeDS, Transaction

__all__ = [
    "PHYSICAL_CHANNELS",
    "Alert",
    "AlertChannel",
    "Channel",
    "Clearing",
    "ClearingCheck",
    "ClearingPolicy",
    "Customer",
    "EntryMode",
    "FraudReport",
    "Merchant",
    "Rail",
    "ReportKind",
    "ScoringChoice",
    "ThreeDS",
    "TrainedModel",
    "Transaction",
]
