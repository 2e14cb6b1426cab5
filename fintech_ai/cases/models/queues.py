"""Queue: who works which cases, and by what policy."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from fintech_ai.core.tenancy import TenantModel

# A blind case costs its analyst the help of the recommendation, and its place in the queue says nothing of its risk.
MOST_BLIND_PERCENT = 50


class Queue(TenantModel):
    """Cases of one capability that a group works, and the tenant's written policy for them."""

    capability = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=60)
    due_minutes = models.PositiveIntegerField(default=240, help_text="A case is due this long after it arrives.")
    second_approval_decisions = ArrayField(
        models.CharField(max_length=20),
        default=list,
        blank=True,
        help_text="Decisions that need a second person from the amount below on.",
    )
    second_approval_from = models.DecimalField(
        max_digits=19,
        decimal_places=4,
        default=0,
        help_text="In the currency of the case; 0 asks for a second person at any amount.",
    )

    blind_percent = models.PositiveSmallIntegerField(
        default=0,
        help_text="Of its cases this share is decided before the recommendation is shown, drawn at random.",
    )

    class Meta:
        permissions = [
            ("decide_queue", "May take and decide its cases"),
            ("assign_queue", "May assign its cases to others"),
            ("approve_queue", "May give the second approval"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "slug"], name="queue_slug_is_unique"),
            models.CheckConstraint(condition=Q(second_approval_from__gte=0), name="queue_threshold_not_negative"),
            models.CheckConstraint(
                condition=Q(blind_percent__lte=MOST_BLIND_PERCENT), name="queue_blind_share_is_small"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class QueueUserPermission(UserObjectPermissionBase):
    """django-guardian's direct foreign key for people; rights are granted to groups, so it stays empty."""

    content_object = models.ForeignKey(Queue, on_delete=models.CASCADE)


class QueueGroupPermission(GroupObjectPermissionBase):
    """django-guardian's direct foreign key for groups."""

    content_object = models.ForeignKey(Queue, on_delete=models.CASCADE)
