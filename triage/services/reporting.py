"""Suspicious activity reports: drafted when asked for, never stored, never filed; each file taken away is audited."""

import hashlib

from django.db import transaction

from fintech_ai.audit.services import record
from fintech_ai.cases.models import Case
from fintech_ai.core.actors import Actor
from triage.sar.draft import SarDraft
from triage.selectors import sar_visible_to


@transaction.atomic
def sar_export(*, actor: Actor, case: Case) -> SarDraft:
    """The draft, to be taken away as a file; raises as `selectors.sar_visible_to`.

    The case's own trail does not say so: its readers need not know.
    """
    found = sar_visible_to(actor, case)
    narrative = "".join(found.narrative).encode()
    record(
        actor=actor,
        action="sar.exported",
        target=case,
        data={
            "activities": [f"{each.type}/{each.subtype}" for each in found.activities],
            "narrative_sha256": hashlib.sha256(narrative).hexdigest(),
        },
    )
    return found
