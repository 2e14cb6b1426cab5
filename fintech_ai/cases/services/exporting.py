"""Taking many cases away is on record: by whom, which, and in which form."""

from dataclasses import asdict

from django.db import transaction
from django.db.models import QuerySet

from fintech_ai.audit.services import record
from fintech_ai.cases.models import Case, Queue
from fintech_ai.cases.permissions import check_can_export
from fintech_ai.cases.selectors import CaseFilters, queue_cases
from fintech_ai.core.actors import Actor


@transaction.atomic
def cases_export(*, actor: Actor, queue: Queue, filters: CaseFilters, form: str) -> QuerySet[Case]:
    """The cases of a visible queue, as the filters ask, to be written in this form. Raises NotAllowed."""
    check_can_export(actor, queue)
    asked = {name: str(value) for name, value in asdict(filters).items() if name != "text" and value is not None}
    record(
        actor=actor,
        action="queue.exported",
        target=queue,
        data={"form": form, "filters": asked, "searched": bool(filters.text)},
    )
    return queue_cases(actor, queue, filters)
