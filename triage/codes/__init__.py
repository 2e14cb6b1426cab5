"""The closed catalogue of reason codes: what each means, the rule that code recomputes, and its published counterpart.

Two axes: signals (with what speaks for the customer), which code recomputes, and typologies, which rest on signals;
beside them what the machine says of its own answer. A rule is a pure function of the features. `facts` puts the
recorded numbers into a plain sentence whether the rule holds or not, so that the same words support a true claim and
answer a false one. `published` holds the names of the counterparts.
"""

from triage.codes.code import Code, Kind
from triage.codes.exculpatory import EXCULPATORY
from triage.codes.signals import SIGNALS
from triage.codes.system import INSUFFICIENT_HISTORY, NOTICES, Notice
from triage.codes.typologies import TYPOLOGIES, Typology, typologies_of

# Changes whenever a code is added, dropped or its rule altered; stored with every recommendation.
CATALOGUE_VERSION = 2

# The codes that bear on the risk; typologies do not.
CATALOGUE: dict[str, Code] = {code.code: code for code in (*SIGNALS, *EXCULPATORY, INSUFFICIENT_HISTORY)}

__all__ = [
    "CATALOGUE",
    "CATALOGUE_VERSION",
    "EXCULPATORY",
    "INSUFFICIENT_HISTORY",
    "NOTICES",
    "SIGNALS",
    "TYPOLOGIES",
    "Code",
    "Kind",
    "Notice",
    "Typology",
    "typologies_of",
]
