"""The people of the tests: Alice owns, Bob is on her team, Charlie is a stranger from another tenant.

Built through the services, in a tenant of their own, so that tests that really commit need no cleaning up.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.test import Client

from fintech_ai.accounts.four_eyes.services import approve, propose
from fintech_ai.accounts.models import ApiToken, Membership, Role, Tenant, TenantGroup, User
from fintech_ai.accounts.services import group_create, member_add, tenant_create, token_issue
from fintech_ai.cases.models import Queue
from fintech_ai.cases.permissions import APPROVE, ASSIGN, DECIDE, VIEW
from fintech_ai.cases.services import queue_create, queue_grant
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope
from fintech_ai.gateway.models import VendorReview
from fintech_ai.gateway.targets import PROVIDERS

PASSWORD = "correct horse battery"


def a_review(**changes: Any) -> VendorReview:
    """A vendor review that can be proposed."""
    fields = {
        "vendor": "openai",
        "legal_name": "A vendor",
        "purpose": "Answers questions about cases",
        "region": "EU (Ireland)",
        "retention": "30 days",
        "dpa": "DPA 2026-1",
        "reviewed_on": date(2026, 1, 1),
        "valid_until": date(2099, 12, 31),
        "why": "For the tests",
    }
    return VendorReview(**{**fields, **changes})


@dataclass
class Person:
    """Somebody with a membership: acts in services, or signs in with a test client."""

    membership: Membership

    @property
    def user(self) -> User:
        return self.membership.user

    @property
    def email(self) -> str:
        return self.user.email

    @property
    def actor(self) -> Actor:
        with tenant_scope(self.membership.tenant_id):
            return self.membership.as_actor()

    @property
    def client(self) -> Client:
        """A browser in which this person is signed in."""
        client = Client()
        client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")
        return client


@dataclass
class System:
    """Another system with a token."""

    token: ApiToken
    secret: str

    @property
    def actor(self) -> Actor:
        with tenant_scope(self.token.tenant_id):
            return self.token.as_actor()

    @property
    def client(self) -> Client:
        """An HTTP client that sends the token with every request."""
        return Client(headers={"Authorization": f"Bearer {self.secret}"})


@dataclass
class House:
    """A tenant with its people and one triage queue: block asks for a second approval from 500 on."""

    tenant: Tenant
    queue: Queue
    analysts: TenantGroup
    leads: TenantGroup
    systems: TenantGroup
    people: dict[str, Person] = field(default_factory=dict)
    system: System | None = None

    @contextmanager
    def scope(self) -> Iterator[None]:
        with tenant_scope(self.tenant.id):
            yield

    @property
    def worker(self) -> Actor:
        return Actor.worker(tenant_id=self.tenant.id, name="test-worker")


@dataclass
class Cast:
    """Northgate: Alice, Bob (analysts), Lena (lead), Cora, Colin (compliance), Ivan (token). Southbank: strangers."""

    northgate: House
    southbank: House

    @property
    def alice(self) -> Person:
        return self.northgate.people["alice"]

    @property
    def bob(self) -> Person:
        return self.northgate.people["bob"]

    @property
    def lena(self) -> Person:
        return self.northgate.people["lena"]

    @property
    def cora(self) -> Person:
        return self.northgate.people["cora"]

    @property
    def colin(self) -> Person:
        return self.northgate.people["colin"]

    @property
    def ivan(self) -> System:
        return self.northgate.system

    @property
    def charlie(self) -> Person:
        """An analyst of the other tenant."""
        return self.southbank.people["charlie"]

    @property
    def carla(self) -> Person:
        """The compliance officer of the other tenant."""
        return self.southbank.people["carla"]

    @property
    def igor(self) -> System:
        """The token of the other tenant."""
        return self.southbank.system


def build_cast(*, passwords: bool = False) -> Cast:
    """A fresh cast; names carry a random suffix, so that any number of them can live side by side.

    Only with `passwords` can they sign in by the page: hashing one takes a tenth of a second, by design.
    """
    password = PASSWORD if passwords else None
    suffix = uuid.uuid4().hex[:8]
    northgate = _house(
        "Northgate",
        suffix,
        {
            "alice": Role.ANALYST,
            "bob": Role.ANALYST,
            "lena": Role.LEAD,
            "cora": Role.COMPLIANCE,
            "colin": Role.COMPLIANCE,
        },
        password,
    )
    strangers = {"charlie": Role.ANALYST, "carla": Role.COMPLIANCE, "carl": Role.COMPLIANCE}
    southbank = _house("Southbank", suffix, strangers, password)
    return Cast(northgate=northgate, southbank=southbank)


def _house(name: str, suffix: str, people: dict[str, Role], password: str | None) -> House:
    tenant = tenant_create(slug=f"{name.lower()}-{suffix}", name=f"{name} Bank", timezone_name="America/New_York")
    actor = Actor.system(tenant_id=tenant.id, name="cast")
    with tenant_scope(tenant.id):
        analysts, leads, systems = (group_create(actor=actor, name=group) for group in ("Analysts", "Leads", "Systems"))
        queue = queue_create(
            actor=actor,
            capability="triage",
            name="Card alerts",
            slug="triage",
            second_approval_decisions=["block"],
            second_approval_from=500,
        )
        queue_grant(actor=actor, queue=queue, group=analysts, permissions=[VIEW, DECIDE])
        queue_grant(actor=actor, queue=queue, group=leads, permissions=[VIEW, DECIDE, ASSIGN, APPROVE])
        queue_grant(actor=actor, queue=queue, group=systems, permissions=[VIEW])
        groups = {Role.ANALYST: [analysts], Role.LEAD: [analysts, leads], Role.COMPLIANCE: []}
        house = House(tenant=tenant, queue=queue, analysts=analysts, leads=leads, systems=systems)
        for person, role in people.items():
            membership = member_add(
                actor=actor,
                email=f"{person}-{suffix}@{name.lower()}.example",
                name=person.capitalize(),
                role=role,
                password=password,
                groups=groups[role],
            )
            house.people[person] = Person(membership)
        first, second = (person.actor for person in house.people.values() if person.actor.role == Role.COMPLIANCE)
        for vendor in PROVIDERS:
            approve(actor=second, proposal=propose(actor=first, proposal=a_review(vendor=vendor)))
        token, secret = token_issue(actor=actor, name=f"{name} switch", groups=[systems])
        house.system = System(token, secret)
    return house
