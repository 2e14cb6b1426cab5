"""The closed catalogue of reason codes: what each means, the rule that code recomputes, and its published counterpart.

A rule is a pure function of the features. `facts` puts the recorded numbers into a plain sentence whether the rule
holds or not, so that the same words support a true claim and answer a false one. FinCEN values are type and subtype of
its SAR XML schema; network codes are Visa dispute conditions and Mastercard message reason codes.
"""

from triage.codes.code import Code, Kind
from triage.codes.exculpatory import EXCULPATORY
from triage.codes.signals import SIGNALS
from triage.codes.system import INSUFFICIENT_HISTORY, NOTICES, Notice

# Changes whenever a code is added, dropped or its rule altered; stored with every recommendation.
CATALOGUE_VERSION = 1

CATALOGUE: dict[str, Code] = {code.code: code for code in (*SIGNALS, *EXCULPATORY, INSUFFICIENT_HISTORY)}

__all__ = [
    "CATALOGUE",
    "CATALOGUE_VERSION",
    "EXCULPATORY",
    "INSUFFICIENT_HISTORY",
    "NOTICES",
    "SIGNALS",
    "Code",
    "Kind",
    "Notice",
]
