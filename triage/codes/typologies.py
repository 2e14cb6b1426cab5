"""Typologies: the kinds of fraud that the signals together look like, each with its rule and published counterparts.

The second axis of the catalogue. A typology adds nothing to the risk: its signals have done so already. It rests on
signals, which code recomputes, in a setting of the payment, so it can be claimed only where they hold.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from triage.codes.code import Code
from triage.codes.published import Published, published
from triage.codes.signals import SIGNALS
from triage.features import Features
from triage.models import PHYSICAL_CHANNELS, Channel, EntryMode, Rail

SIGNAL: dict[str, Code] = {signal.code: signal for signal in SIGNALS}
UNUSUAL = ("amount_out_of_pattern", "amount_above_range", "spending_burst", "velocity", "unusual_hour", "new_category")


@dataclass(frozen=True)
class Typology:
    """One kind of fraud.

    `setting` says where it can occur at all and reads the features `reads`; there, every signal of `all_of` must hold
    and at least `least` of `any_of`. `says` is the plain sentence, `why` defends the rule.
    """

    code: str
    label: str
    says: str
    setting: Callable[[Features], bool]
    reads: tuple[str, ...]
    why: str
    source: str
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    least: int = field(default=1)

    def rests_on(self, features: Features) -> tuple[str, ...]:
        """The signals that bear it out, in the order of its rule; none if the rule does not hold."""
        if not self.setting(features) or not all(SIGNAL[code].holds(features) for code in self.all_of):
            return ()
        found = tuple(code for code in self.any_of if SIGNAL[code].holds(features))
        return (*self.all_of, *found) if not self.any_of or len(found) >= self.least else ()

    def holds(self, features: Features) -> bool:
        """Whether the setting and enough of the signals are there."""
        return bool(self.rests_on(features))

    def facts(self, features: Features) -> str:
        """A sentence that is true whether the rule holds or not."""
        signals = [SIGNAL[code].label.lower() for code in self.rests_on(features)]
        if not signals:
            return f"{self.label}: the signals on record do not bear it out."
        return f"{self.says} Signals: {', '.join(signals)}."

    @property
    def published(self) -> tuple[Published, ...]:
        """Its published counterparts."""
        return published(self.source)

    @property
    def fincen(self) -> tuple[tuple[int, int], ...]:
        """Type and subtype of each counterpart in FinCEN's SAR schema."""
        codes = (counterpart.code for counterpart in self.published if counterpart.scheme == "FinCEN")
        return tuple((int(code.split("/")[0]), int(code.split("/")[1])) for code in codes)


def _transfer(f: Features) -> bool:
    return f.rail in (Rail.TRANSFER, Rail.INSTANT)


def _remote_card(f: Features) -> bool:
    return f.rail == Rail.CARD and f.channel == Channel.CARD_NOT_PRESENT


def _card_in_hand(f: Features) -> bool:
    return f.rail == Rail.CARD and f.channel in PHYSICAL_CHANNELS


TYPOLOGIES: dict[str, Typology] = {
    typology.code: typology
    for typology in (
        Typology(
            "card_not_present_fraud",
            "Card-not-present fraud",
            says="The card's data may be used by somebody else, at a distance.",
            setting=_remote_card,
            reads=("rail", "channel"),
            any_of=(
                "authentication_failed", "linked_to_fraud", "recent_fraud_on_customer", "new_device",
                "ip_country_mismatch", "new_country", *UNUSUAL,
            ),
            least=2,
            why="Stolen card data is used unlike the customer; one oddity alone is everyday life.",
            source="Visa 10.4, Mastercard 4837, FinCEN 3/305",
        ),
        Typology(
            "counterfeit_card",
            "Counterfeit card",
            says="The magnetic stripe may be a copy.",
            setting=_card_in_hand,
            reads=("rail", "channel"),
            all_of=("stripe_fallback",),
            why="A copied card has a stripe and no chip; the genuine one is known to have a chip.",
            source="Visa 10.1, Mastercard 4870, FinCEN 3/305",
        ),
        Typology(
            "lost_or_stolen_card",
            "Lost or stolen card",
            says="The genuine card may be in another's hand.",
            setting=lambda f: _card_in_hand(f) and f.entry_mode != EntryMode.MAGNETIC_STRIPE,
            reads=("rail", "channel", "entry_mode"),
            any_of=("impossible_travel", "far_from_home", "recent_fraud_on_customer", *UNUSUAL),
            least=2,
            why="Whoever holds a stolen card uses it fast and unlike its owner; one oddity alone is everyday life.",
            source="Visa 10.2, Visa 10.3, Mastercard 4871, FinCEN 3/305",
        ),
        Typology(
            "account_takeover",
            "Account takeover",
            says="Somebody else may be using the customer's account.",
            setting=lambda f: f.channel not in PHYSICAL_CHANNELS,
            reads=("channel",),
            all_of=("new_device",),
            any_of=(
                "new_payee", "ip_country_mismatch", "shared_device", "linked_to_fraud", "amount_out_of_pattern",
                "amount_above_range", "spending_burst",
            ),
            why="A device never seen before, and at once something that the customer does not do.",
            source="FinCEN 9/920",
        ),
        Typology(
            "authorised_scam",
            "Authorised payment scam",
            says="The customer may have been talked into paying a fraudster.",
            setting=lambda f: _transfer(f) and f.device_is_new is False,
            reads=("rail", "device_is_new"),
            all_of=("new_payee",),
            any_of=("amount_out_of_pattern", "amount_above_range", "spending_burst", "round_amount"),
            why="Paid from a device of her own, to a payee never paid before, and more or rounder than usual.",
            source="ISO 20022 FRAD, FinCEN 8/805",
        ),
        Typology(
            "unauthorised_transfer",
            "Unauthorised transfer",
            says="The customer may not have ordered this transfer.",
            setting=lambda f: _transfer(f) and f.device_is_new is not False,
            reads=("rail", "device_is_new"),
            all_of=("new_payee",),
            any_of=("amount_out_of_pattern", "amount_above_range", "spending_burst", "velocity", "new_device"),
            why="Out of pattern, to a payee never paid before, and from no device that is known to be the customer's.",
            source="Nacha R10, Nacha R29, ISO 20022 FRAD, FinCEN 3/320",
        ),
        Typology(
            "mule_account",
            "Mule account",
            says="The payee's account may gather the proceeds of fraud.",
            setting=_transfer,
            reads=("rail",),
            any_of=("merchant_risk", "linked_to_fraud"),
            why="Reports of fraud gather at the payee, or at the device that pays it.",
            source="FinCEN 8/824, FinCEN 9/911, ISO 20022 FRAD",
        ),
        Typology(
            "identity_fraud",
            "Identity fraud",
            says="The customer may not be who the account says.",
            setting=lambda f: f.history_days < 30,
            reads=("history_days",),
            all_of=("shared_device",),
            any_of=("linked_to_fraud", "velocity", "round_amount", "new_payee"),
            why="An account of less than a month that shares its device with several others, and moves money at once.",
            source="FinCEN 9/905, FinCEN 4/402",
        ),
        Typology(
            "questionable_merchant",
            "Questionable merchant or terminal",
            says="Cards used at this merchant may be tapped or abused there.",
            setting=lambda f: f.rail == Rail.CARD,
            reads=("rail",),
            all_of=("merchant_risk",),
            why="Fraud gathers at the merchant, whoever the customer is.",
            source="Visa 10.5, Mastercard 4849, FinCEN 9/911",
        ),
    )
}  # fmt: skip


def typologies_of(features: Features) -> tuple[Typology, ...]:
    """Those whose rule holds, in the order of the catalogue."""
    return tuple(typology for typology in TYPOLOGIES.values() if typology.holds(features))
