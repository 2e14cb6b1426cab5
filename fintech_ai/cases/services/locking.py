"""Deciding on what is really there: the row is locked, and the page's version must still be the row's."""

import uuid

from fintech_ai.cases.models import Case
from fintech_ai.cases.selectors import cases_visible_to
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import Conflict, NotFound


def locked_case(actor: Actor, case_id: uuid.UUID) -> Case:
    """The case, locked until the transaction ends. Raises NotFound as `case_visible_to` does.

    Nothing is joined: after a wait PostgreSQL reads the locked row afresh, but what was joined to it stays as it was.
    """
    case = cases_visible_to(actor).select_for_update().filter(id=case_id).first()
    if case is None:
        raise NotFound("There is no such case, or you have no right to see it.")
    return case


def check_version(case: Case, version: int) -> None:
    """Refuse a change that was made on an older page."""
    if case.version != version:
        raise Conflict("This case has changed since you opened it. Look at it again; what you wrote is kept.")
