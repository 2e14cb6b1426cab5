"""Run: one attempt to get a recommendation."""

from django.db import models
from django.db.models import Q

from fintech_ai.cases.models.cases import Case
from fintech_ai.core.tenancy import TenantModel


class RunState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Run(TenantModel):
    """One attempt to get a recommendation for a case: outbox row, job record and provenance in one."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="runs")
    ordinal = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often a worker has claimed it.")
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="By the database's clock.")
    wake_at = models.DateTimeField(help_text="When the sweep rings for it, if nothing has finished it by then.")
    error = models.CharField(max_length=200, blank=True, help_text="The class of the last error; never its text.")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "ordinal"], name="run_ordinal_is_unique"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=RunState.RUNNING, lease_until__isnull=False)
                | ~Q(state=RunState.RUNNING) & Q(lease_until__isnull=True),
                name="run_has_lease_while_running",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[RunState.DONE, RunState.FAILED], finished_at__isnull=False)
                | Q(state__in=[RunState.WAITING, RunState.RUNNING], finished_at__isnull=True),
                name="run_is_finished_with_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["wake_at"], condition=Q(state__in=[RunState.WAITING, RunState.RUNNING]), name="run_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.ordinal} of {self.case.reference}"
