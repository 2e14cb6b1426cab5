"""What a reason code is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from triage.features import Features

# From how many payments on a customer's own pattern says something.
ENOUGH_PAYMENTS = 10
ENOUGH_FOR_TAIL = 30
ENOUGH_IN_CATEGORY = 5


class Kind(StrEnum):
    """What a code speaks for."""

    SIGNAL = "signal"
    TYPOLOGY = "typology"
    EXCULPATORY = "exculpatory"
    SYSTEM = "system"


@dataclass(frozen=True)
class Code:
    """One reason.

    `reads` names the features that `holds`, its rule, looks at; `facts` states their values in a sentence that is true
    whether the rule holds or not; `why` defends the rule's thresholds; `source` is the published counterpart.
    """

    code: str
    kind: Kind
    label: str
    reads: tuple[str, ...]
    holds: Callable[[Features], bool]
    facts: Callable[[Features], str]
    why: str
    short: Callable[[Features], str] | None = None
    source: str = ""

    def brief(self, features: Features) -> str:
        """A few words for the headline of a case."""
        return self.short(features) if self.short else self.label
