"""What people send from the pages of triage."""

from typing import Any

from django import forms

from triage.models import TrainedModel
from triage.policy import BLOCK_FROM, ESCALATE_FROM, REVIEW_FROM, Bounds
from triage.simulation import ADDITIVE, AS_IT_WAS, Rules

MOST_MODELS = 20
USUAL = {"days_back": 30, "review": REVIEW_FROM, "escalate": ESCALATE_FROM, "block": BLOCK_FROM, "ranked_by": AS_IT_WAS}


def _risk(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        min_value=0, max_value=101, label=label, widget=forms.NumberInput(attrs={"class": "short"})
    )


class SimulationForm(forms.Form):
    """The rules to try, sent by GET, so that what came of them has an address. What is not sent is as it is now."""

    days_back = forms.TypedChoiceField(
        choices=[(7, "7 days"), (30, "30 days"), (90, "90 days")], coerce=int, label="Alerts of the last"
    )
    review = _risk("Review from risk")
    escalate = _risk("Escalate from")
    block = _risk("Block from")
    ranked_by = forms.ChoiceField(label="Ranked by")

    def __init__(self, sent: dict[str, Any]):
        super().__init__(USUAL | sent)
        models = TrainedModel.objects.order_by("-created_at").only("sha256", "trained_to")[:MOST_MODELS]
        self.fields["ranked_by"].choices = [
            (AS_IT_WAS, "as it was"),
            (ADDITIVE, "the additive baseline"),
            *((model.sha256, f"model {model}") for model in models),
        ]

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        bounds = [found.get(name) for name in ("review", "escalate", "block")]
        if None not in bounds and bounds != sorted(bounds):
            self.add_error("escalate", "Each bound must be at least the one before.")
        return found

    def rules(self) -> Rules:
        """The rules, once the form is valid."""
        asked = self.cleaned_data
        bounds = Bounds(review=asked["review"], escalate=asked["escalate"], block=asked["block"])
        return Rules(bounds=bounds, ranked_by=asked["ranked_by"])
