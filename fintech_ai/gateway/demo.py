"""What two officers of the demo have decided, so that a key and a restart are all that a real model needs there.

The reviews are entries of a demo and say so in every field: nobody has read a contract. A tenant of your own starts
without any.
"""

from datetime import timedelta

from fintech_ai.accounts.four_eyes.services import approve, propose
from fintech_ai.core.actors import Actor
from fintech_ai.gateway.configuration import in_force
from fintech_ai.gateway.endpoints import all_endpoints
from fintech_ai.gateway.models import PromptChoice, VendorReview
from fintech_ai.gateway.models.configuration import VENDORS

VALID_FOR = timedelta(days=365)
SHADOW_PERCENT = 10


def load(*, proposer: Actor, approver: Actor) -> None:
    """Review every vendor, approve the prompts in use, and leave one proposal for whoever tries the demo to decide."""
    today = in_force().today
    for vendor, label in VENDORS:
        review = VendorReview(
            vendor=vendor,
            legal_name=f"{label} (demo entry, no contract)",
            purpose="Demo: recommends decisions on synthetic card alerts",
            region="Demo entry, not checked",
            retention="Demo entry, not checked",
            dpa="None: demo entry",
            reviewed_on=today,
            valid_until=today + VALID_FOR,
            why="Demo data: lets a key be tried. Never a review to rely on.",
        )
        approve(actor=approver, proposal=propose(actor=proposer, proposal=review), remark="Demo data.")
    for endpoint in all_endpoints():
        choice = PromptChoice(endpoint=endpoint.name, version=endpoint.version, why="Demo data: the version delivered.")
        approve(actor=approver, proposal=propose(actor=proposer, proposal=choice), remark="Demo data.")
        if candidates := [version for version in endpoint.versions() if version > endpoint.version]:
            candidate = PromptChoice(
                endpoint=endpoint.name,
                version=endpoint.version,
                challenger=candidates[-1],
                shadow_percent=SHADOW_PERCENT,
                why="Demo data: try the newer version in shadow before anybody sees its answers.",
            )
            propose(actor=proposer, proposal=candidate)
