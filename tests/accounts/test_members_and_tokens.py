"""People and tokens: added, refused, revoked, and never stored in clear."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.utils import timezone

from fintech_ai.accounts.models import ApiToken, User
from fintech_ai.accounts.selectors import memberships_of, token_for_secret
from fintech_ai.accounts.services import group_create, member_add, tenant_create, token_issue, token_revoke
from fintech_ai.core.errors import Conflict, InvalidInput
from tests.support.cast import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def system(cast):
    with cast.northgate.scope():
        yield cast.northgate.worker


def test_the_secret_of_a_token_is_nowhere_in_the_database(cast):
    row = ApiToken.across_tenants.filter(id=cast.ivan.token.id).values().get()
    assert cast.ivan.secret not in map(str, row.values())
    assert row["hint"] == cast.ivan.secret[:8]


def test_a_token_is_found_by_its_secret(cast):
    assert token_for_secret(cast.ivan.secret) == cast.ivan.token


def test_a_wrong_secret_finds_nothing(cast):
    assert token_for_secret(cast.ivan.secret[:-1]) is None
    assert token_for_secret("") is None


def test_a_revoked_token_finds_nothing(cast, system):
    token_revoke(actor=system, token=cast.ivan.token)
    assert token_for_secret(cast.ivan.secret) is None


def test_an_expired_token_finds_nothing(cast, system):
    _, secret = token_issue(actor=system, name="old", expires_at=timezone.now() - timedelta(seconds=1))
    assert token_for_secret(secret) is None


def test_the_use_of_a_token_is_noted(cast):
    token_for_secret(cast.ivan.secret)
    assert ApiToken.across_tenants.get(id=cast.ivan.token.id).last_used_at is not None


def test_passwords_are_hashed_with_argon2(cast, system):
    member = member_add(actor=system, email="new@x.example", name="New", role="analyst", password=PASSWORD)
    assert identify_hasher(User.objects.get(id=member.user_id).password).algorithm == "argon2"


@pytest.mark.parametrize("password", ["short", "password1234", "northgate-alice", "123456789012"])
def test_a_weak_password_is_refused(cast, system, password):
    with pytest.raises(InvalidInput) as refusal:
        member_add(actor=system, email="northgate-alice@x.example", name="Al", role="analyst", password=password)
    assert "password" in refusal.value.fields


def test_a_bad_address_is_refused(cast, system):
    with pytest.raises(InvalidInput) as refusal:
        member_add(actor=system, email="nobody", name="No", role="analyst", password=PASSWORD)
    assert "email" in refusal.value.fields


def test_a_person_is_a_member_once(cast, system):
    with pytest.raises(Conflict):
        member_add(actor=system, email=cast.alice.email, name="Alice", role="lead")


def test_a_person_may_belong_to_two_tenants_and_keeps_her_password(cast):
    cast.alice.user.set_password(PASSWORD)
    cast.alice.user.save()
    with cast.southbank.scope():
        member_add(
            actor=cast.southbank.worker, email=cast.alice.email.upper(), name="x", role="lead", password="y" * 20
        )
    alice = User.objects.get(email=cast.alice.email)
    assert alice.check_password(PASSWORD)
    assert len(memberships_of(alice)) == 2


def test_an_inactive_member_has_no_tenant(cast, system):
    membership = cast.alice.membership
    membership.is_active = False
    membership.save()
    assert not memberships_of(cast.alice.user).exists()


def test_group_names_are_the_tenants_own(cast, system):
    with pytest.raises(Conflict):
        group_create(actor=system, name="Analysts")


def test_a_tenant_has_a_real_time_zone():
    with pytest.raises(InvalidInput) as refusal:
        tenant_create(slug="x", name="X", timezone_name="Mars/Olympus")
    assert "timezone" in refusal.value.fields
