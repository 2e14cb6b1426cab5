"""A proposed change: the row itself is what would be in force. It is decided once, and never by who proposed it."""

from typing import Any, Self

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

from fintech_ai.core.tenancy import TenantManager, TenantModel, TenantQuerySet


class ProposalState(models.TextChoices):
    PROPOSED = "proposed", "Waiting for a second person"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ProposalQuerySet(TenantQuerySet):
    """Proposals of one kind."""

    def waiting(self) -> Self:
        """Not decided yet, the oldest first."""
        return self.filter(state=ProposalState.PROPOSED).order_by("proposed_at", "id")

    def in_force(self) -> Self:
        """The one that was approved last for each key."""
        approved = self.filter(state=ProposalState.APPROVED).order_by(*self.model.KEY, "-decided_at", "-id")
        return approved.distinct(*self.model.KEY) if self.model.KEY else approved[:1]


class Proposal(TenantModel):
    """Base of the models of such changes.

    KEY names the fields that say what the change is about: of several approved with the same key, the last is in force.
    VALUES names the fields that it sets; they go into the audit trail, so they hold no personal data.
    """

    KEY: tuple[str, ...] = ()
    VALUES: tuple[str, ...] = ()

    state = models.CharField(max_length=10, choices=ProposalState, default=ProposalState.PROPOSED)
    why = models.CharField(max_length=300, help_text="What it is for, in a sentence for whoever approves it.")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: a command."
    )
    proposed_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    remark = models.CharField(max_length=300, blank=True, help_text="What whoever decided had to say.")

    objects = TenantManager.from_queryset(ProposalQuerySet)()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ProposalState.values), name="%(app_label)s_%(class)s_state_is_known"
            ),
            models.CheckConstraint(condition=~Q(why=""), name="%(app_label)s_%(class)s_says_why"),
            models.CheckConstraint(
                condition=Q(state=ProposalState.PROPOSED, decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(state=ProposalState.PROPOSED) & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="%(app_label)s_%(class)s_decided_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=ProposalState.APPROVED)
                | Q(proposed_by__isnull=True)
                | ~Q(decided_by=F("proposed_by")),
                name="%(app_label)s_%(class)s_has_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.about}".strip()

    @property
    def about(self) -> str:
        """What the change is about, in words; what KEY says."""
        return ", ".join(str(getattr(self, name)) for name in self.KEY)

    @property
    def values(self) -> dict[str, Any]:
        """What it sets, as the audit trail and pages show it."""
        return {name: getattr(self, name) for name in self.VALUES}

    def before(self) -> Self | None:
        """What is in force now in its place."""
        same = {name: getattr(self, name) for name in self.KEY}
        return type(self).objects.filter(**same).in_force().first()

    def predecessor(self) -> Self | None:
        """What was in force in its place when it was decided."""
        same = {name: getattr(self, name) for name in self.KEY}
        return type(self).objects.filter(**same, decided_at__lt=self.decided_at).in_force().first()


class DecidedOnce(migrations.RunSQL):
    """A migration operation: a proposal in `table` is decided once, and nothing else of it ever changes.

    Depends on core's migration 0001_refuse_change. It holds for every role, the owner included.
    """

    def __init__(self, table: str):
        self.table = table
        decision = "'{state,decided_by_id,decided_at,remark}'::text[]"
        super().__init__(
            f"""
            CREATE TRIGGER {table}_is_decided_once BEFORE UPDATE ON {table}
                FOR EACH ROW WHEN (
                    OLD.state <> 'proposed' OR to_jsonb(NEW) - {decision} IS DISTINCT FROM to_jsonb(OLD) - {decision}
                ) EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER {table}_is_never_deleted BEFORE DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            reverse_sql=f"""
            DROP TRIGGER {table}_is_decided_once ON {table};
            DROP TRIGGER {table}_is_never_deleted ON {table};
            DROP TRIGGER {table}_is_never_emptied ON {table};
            """,
        )

    def deconstruct(self):
        return (type(self).__name__, [self.table], {})
