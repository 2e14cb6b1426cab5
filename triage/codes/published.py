"""Published codes that ours map to, with their names: only those that exist, so that none is ever invented.

FinCEN: type and subtype of its SAR XML schema 1.6 (EFL_SARXBatchSchema.xsd, ValidateSuspiciousActivityTypeID and
...SubtypeID), misspellings of the schema mended; benchmark `codes` compares the numbers with the file. Visa: dispute
conditions of the Core Rules, category 10. Mastercard: message reason codes of the Chargeback Guide. Nacha: return
reason codes of the Operating Rules, appendix four. ISO 20022: external code set of cancellation reasons.
"""

from dataclasses import dataclass

FINCEN_TYPES = {
    1: "Structuring",
    3: "Fraud",
    4: "Identification documentation",
    8: "Money laundering",
    9: "Other suspicious activities",
}
FINCEN_SUBTYPES = {
    106: "Suspicious inquiry by customer regarding BSA reporting or recordkeeping requirements",
    111: "Alters or cancels transaction to avoid BSA recordkeeping requirement",
    112: "Alters or cancels transaction to avoid CTR requirement",
    113: "Transaction(s) below BSA recordkeeping threshold",
    114: "Transaction(s) below CTR threshold",
    301: "Check",
    304: "Consumer loan",
    305: "Credit/debit card",
    308: "Mail",
    309: "Mass-marketing",
    310: "Pyramid scheme",
    312: "Wire transfer",
    320: "ACH",
    321: "Business loan",
    322: "Advance fee",
    324: "Ponzi scheme",
    325: "Securities fraud",
    401: "Changes spelling or arrangement of name",
    402: "Multiple individuals with same or similar identities",
    403: "Provided questionable or false documentation",
    404: "Refused or avoided request for documentation",
    405: "Single individual with multiple identities",
    409: "Provided questionable or false identification",
    805: "Suspicious EFT/wire transfers",
    807: "Suspicious use of multiple accounts",
    809: "Suspicious use of third-party transactors (straw-man)",
    812: "Transaction out of pattern for customer(s)",
    821: "Suspicion concerning the source of funds",
    824: "Funnel account",
    905: "Identity theft",
    910: "Suspicious use of multiple locations",
    911: "Two or more individuals working together",
    920: "Account takeover",
    921: "Elder financial exploitation",
    925: "Transaction with no apparent economic, business, or lawful purpose",
    928: "Transaction(s) involving foreign high risk jurisdiction",
}

NAMES: dict[str, dict[str, str]] = {
    # A subtype's first digit is its type in all of those listed.
    "FinCEN": {
        f"{subtype // 100}/{subtype}": f"{FINCEN_TYPES[subtype // 100]}: {name}"
        for subtype, name in FINCEN_SUBTYPES.items()
    },
    "Visa": {
        "10.1": "EMV liability shift, counterfeit fraud",
        "10.2": "EMV liability shift, non-counterfeit fraud",
        "10.3": "Other fraud, card-present environment",
        "10.4": "Other fraud, card-absent environment",
        "10.5": "Visa Fraud Monitoring Program",
    },
    "Mastercard": {
        "4837": "No cardholder authorization",
        "4849": "Questionable merchant activity",
        "4870": "Chip liability shift",
        "4871": "Chip liability shift, lost, stolen or never received",
    },
    "Nacha": {
        "R10": "Originator not known or not authorized to debit the receiver's account",
        "R29": "Corporate customer advises not authorized",
    },
    "ISO 20022": {"FRAD": "Fraudulent origin (external cancellation reason)"},
}


@dataclass(frozen=True)
class Published:
    """One code of another's catalogue."""

    scheme: str
    code: str

    @property
    def name(self) -> str:
        """Its published name. Raises KeyError if there is no such code."""
        return NAMES[self.scheme][self.code]

    def __str__(self) -> str:
        return f"{self.scheme} {self.code}"


def published(source: str) -> tuple[Published, ...]:
    """The codes that a source names: "Visa 10.4, FinCEN 3/305"."""
    parts = (part.rpartition(" ") for part in source.split(", ") if part)
    return tuple(Published(scheme, code) for scheme, _, code in parts)
