"""Fill a demo tenant, once: its people, what its officers decided, a queue of each capability, and real input."""

import json
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from fintech_ai.accounts.models import Role, Tenant
from fintech_ai.accounts.services import group_create, member_add, tenant_create, token_issue
from fintech_ai.cases.capability import all_capabilities
from fintech_ai.cases.permissions import APPROVE, ASSIGN, DECIDE, VIEW
from fintech_ai.cases.services import queue_blind_set, queue_create, queue_grant
from fintech_ai.core.actors import Actor
from fintech_ai.core.private_files import write_private
from fintech_ai.core.tenancy import tenant_scope
from fintech_ai.gateway import demo as gateway_demo

DEMO_SLUG = "northgate"
# More than a desk would choose, so that a newcomer meets a blind case soon.
BLIND_PERCENT = 20
PEOPLE = (
    ("ada@northgate.example", "Ada Okafor", Role.ANALYST),
    ("ben@northgate.example", "Ben Sato", Role.ANALYST),
    ("lea@northgate.example", "Lea Duarte", Role.LEAD),
    ("cora@northgate.example", "Cora Lind", Role.COMPLIANCE),
    ("omar@northgate.example", "Omar Haddad", Role.COMPLIANCE),
)


class Command(BaseCommand):
    help = "Load the demo tenant and write its logins as JSON; if it is there already, do nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--logins", type=Path, required=True, help="the file to write them to")

    @transaction.atomic
    def handle(self, *args, **options) -> None:
        if Tenant.objects.filter(slug=DEMO_SLUG).exists():
            return
        # Before the commit: a crash may leave logins without a tenant, which the next start mends, never the reverse.
        write_private(options["logins"], json.dumps(load_demo(), indent=2))


@transaction.atomic
def load_demo() -> dict[str, Any]:
    """Build the demo tenant in one transaction. Returns who may sign in, the password that all share, and the token."""
    tenant = tenant_create(slug=DEMO_SLUG, name="Northgate Bank", timezone_name="America/New_York")
    password = secrets.token_urlsafe(12)
    actor = Actor.system(tenant_id=tenant.id, name="demo")
    with tenant_scope(tenant.id):
        analysts, leads = (group_create(actor=actor, name=name) for name in ("Analysts", "Team leads"))
        systems = group_create(actor=actor, name="Systems")
        groups = {Role.ANALYST: [analysts], Role.LEAD: [analysts, leads], Role.COMPLIANCE: []}
        members = [
            member_add(actor=actor, email=email, name=name, role=role, password=password, groups=groups[role])
            for email, name, role in PEOPLE
        ]
        proposer, approver = (member.as_actor() for member in members if member.role == Role.COMPLIANCE)
        lead = next(member for member in members if member.role == Role.LEAD).as_actor()
        gateway_demo.load(proposer=proposer, approver=approver)
        _, token = token_issue(actor=actor, name="switch-eu", groups=[systems])
        for capability in all_capabilities():
            queue = queue_create(
                actor=actor,
                capability=capability.name,
                name=capability.demo_queue,
                slug=capability.name,
                second_approval_decisions=capability.demo_second_approval,
                second_approval_from=Decimal(500),
            )
            queue_grant(actor=actor, queue=queue, group=analysts, permissions=[VIEW, DECIDE])
            queue_grant(actor=actor, queue=queue, group=leads, permissions=[VIEW, DECIDE, ASSIGN, APPROVE])
            queue_grant(actor=actor, queue=queue, group=systems, permissions=[VIEW])
            queue_blind_set(actor=lead, queue=queue, percent=BLIND_PERCENT)
            capability.load_demo(tenant=tenant, queue=queue)
    return {
        "people": [{"role": role.label, "name": name, "email": email} for email, name, role in PEOPLE],
        "password": password,
        "token": token,
    }
