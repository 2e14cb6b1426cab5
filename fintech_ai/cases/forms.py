"""What people send from the pages of queues and cases."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils import timezone

from fintech_ai.cases.capability import Capability
from fintech_ai.cases.models.queues import MOST_BLIND_PERCENT
from fintech_ai.cases.selectors import SHOW, CaseFilters
from fintech_ai.core.errors import InvalidInput

NOTE_LENGTH = 2000
USUAL_DAYS = 90
SORT_LABELS = {
    "risk": "Riskiest first",
    "due": "Due first",
    "amount": "Largest amount first",
    "newest": "Newest first",
    "oldest": "Oldest first",
}


class FilterForm(forms.Form):
    """How a queue is narrowed; sent by GET, so that a view of the queue has an address."""

    show = forms.ChoiceField(choices=list(SHOW.items()), required=False, widget=forms.HiddenInput)
    text = forms.CharField(
        required=False,
        max_length=100,
        label="Search",
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "Merchant, number or id", "aria-keyshortcuts": "/"}
        ),
    )
    sort = forms.ChoiceField(choices=list(SORT_LABELS.items()), required=False, label="Order")
    min_risk = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=100,
        label="Risk from",
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    min_amount = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=19,
        decimal_places=4,
        label="Amount from",
        widget=forms.NumberInput(attrs={"class": "short", "step": "any"}),
    )

    def filters(self) -> CaseFilters:
        """What was asked for; a field that makes no sense is left out, and the form says so."""
        self.is_valid()
        asked = {name: value for name, value in self.cleaned_data.items() if value not in {"", None}}
        return replace(CaseFilters(), **asked)


def query_of(filters: CaseFilters, **changes: Any) -> str:
    """The filters as the query of an address, without those that say what goes without saying."""
    changed, usual = replace(filters, **changes), CaseFilters()
    asked = {name: getattr(changed, name) for name in vars(usual) if getattr(changed, name) != getattr(usual, name)}
    return urlencode(asked)


class SpanForm(forms.Form):
    """Over how many days to look back; sent by GET."""

    days_back = forms.TypedChoiceField(
        choices=[(30, "30 days"), (90, "90 days"), (365, "a year")],
        coerce=int,
        required=False,
        empty_value=USUAL_DAYS,
        label="Looking back",
    )

    @property
    def days(self) -> int:
        """What was asked for, or the usual."""
        self.is_valid()
        return self.cleaned_data.get("days_back", USUAL_DAYS)


class BlindForm(forms.Form):
    """The share of new cases that is decided before the recommendation is shown."""

    percent = forms.IntegerField(
        min_value=0,
        max_value=MOST_BLIND_PERCENT,
        label="Decided blind, % of new cases",
        widget=forms.NumberInput(attrs={"class": "short"}),
    )


class VersionedForm(forms.Form):
    """A change that is made to the version of the case that was on the screen."""

    version = forms.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        error_messages={"required": "The form came without the version of the case. Reload the page."},
    )

    def take_over(self, error: InvalidInput) -> None:
        """Show what a service found wrong beside the field it concerns."""
        for name, sentences in (error.fields or {"": [error.message]}).items():
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, sentence)


class DecisionForm(VersionedForm):
    """A decision; the buttons carry the outcome."""

    outcome = forms.CharField(max_length=20, error_messages={"required": "Choose a decision."})
    reason = forms.ChoiceField(
        required=False, label="Reason", error_messages={"invalid_choice": "Choose a reason from the list."}
    )
    note = forms.CharField(
        required=False,
        max_length=NOTE_LENGTH,
        label="Note",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "What you know that the record does not"}),
    )

    def __init__(self, capability: Capability, data: Mapping[str, str] | None = None):
        super().__init__(data)
        reasons = [(reason.code, reason.label) for reason in capability.reasons]
        self.fields["reason"].choices = [("", "Choose a reason"), *reasons]


def _tomorrow_morning() -> datetime:
    return (timezone.localtime() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)


SNOOZES: dict[str, tuple[str, Callable[[], datetime | None]]] = {
    "hour": ("for an hour", lambda: timezone.now() + timedelta(hours=1)),
    "shift": ("for four hours", lambda: timezone.now() + timedelta(hours=4)),
    "tomorrow": ("until tomorrow, 9:00", _tomorrow_morning),
    "days": ("for three days", lambda: timezone.now() + timedelta(days=3)),
    "week": ("for a week", lambda: timezone.now() + timedelta(days=7)),
    "wake": ("no longer", lambda: None),
}


class SnoozeForm(VersionedForm):
    """How long a case waits out of sight, and for what."""

    how_long = forms.ChoiceField(choices=[(key, label) for key, (label, _) in SNOOZES.items()], label="Snooze")
    why = forms.CharField(
        required=False,
        max_length=200,
        label="What it waits for",
        widget=forms.TextInput(attrs={"placeholder": "Such as: customer called, rings back at four"}),
    )

    @property
    def until(self) -> datetime | None:
        """The moment that was chosen, by the tenant's clock."""
        return SNOOZES[self.cleaned_data["how_long"]][1]()


class SecondForm(VersionedForm):
    """The answer of a second person: a note with an approval is free, one with a return is asked for."""

    note = forms.CharField(
        required=False,
        max_length=NOTE_LENGTH,
        label="Note",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "To send it back, say what is missing"}),
    )


class AssignForm(VersionedForm):
    """To whom a team lead hands a case; nobody is a possible answer."""

    assignee = forms.UUIDField(required=False, error_messages={"invalid": "Choose a member from the list."})
