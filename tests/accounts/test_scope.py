"""A query outside a tenant's scope raises; inside, it sees that tenant alone."""

import uuid

import pytest
from celery import shared_task

from fintech_ai.accounts.models import Membership
from fintech_ai.cases.models import Case, Queue
from fintech_ai.core.jobs import TenantTask
from fintech_ai.core.tenancy import TenantScopeMissing, TenantScopeViolation, current_tenant_id, tenant_scope
from tests.support.cases import a_case_in_review

pytestmark = pytest.mark.django_db


@shared_task(base=TenantTask, name="tests.count_cases")
def count_cases(tenant_id):
    return Case.objects.count()


def test_a_query_outside_any_scope_raises(cast):
    with pytest.raises(TenantScopeMissing):
        Case.objects.count()
    with pytest.raises(TenantScopeMissing):
        cast.northgate.queue.cases.count()


def test_a_write_outside_any_scope_raises(cast):
    with pytest.raises(TenantScopeMissing):
        Queue(name="Q", slug="q", capability="triage").save()
    with pytest.raises(TenantScopeMissing):
        cast.northgate.queue.save()


def test_a_scope_shows_one_tenant(cast):
    case = a_case_in_review(cast.northgate)
    with cast.southbank.scope():
        assert not Case.objects.filter(id=case.id).exists()
    with cast.northgate.scope():
        assert Case.objects.filter(id=case.id).exists()


def test_a_row_of_another_tenant_cannot_be_written(cast):
    with cast.southbank.scope():
        with pytest.raises(TenantScopeViolation):
            cast.northgate.queue.save()
        with pytest.raises(TenantScopeViolation):
            Queue.objects.bulk_create([Queue(tenant=cast.northgate.tenant, name="Q", slug="q", capability="triage")])


def test_a_new_row_belongs_to_the_scope(cast):
    with cast.southbank.scope():
        queue = Queue.objects.create(name="Q", slug="q", capability="triage")
    assert queue.tenant_id == cast.southbank.tenant.id


def test_scopes_nest_and_end(cast):
    with cast.northgate.scope():
        with cast.southbank.scope():
            assert current_tenant_id() == cast.southbank.tenant.id
        assert current_tenant_id() == cast.northgate.tenant.id
    with pytest.raises(TenantScopeMissing):
        current_tenant_id()


def test_a_task_enters_its_tenants_scope(cast):
    a_case_in_review(cast.northgate)
    assert count_cases(str(cast.northgate.tenant.id)) == 1
    assert count_cases(str(cast.southbank.tenant.id)) == 0


def test_a_task_without_a_tenant_fails(cast):
    with pytest.raises(TypeError):
        count_cases()
    with pytest.raises(ValueError, match="UUID"):
        count_cases("northgate")


def test_an_unknown_tenant_has_nothing(cast):
    with tenant_scope(uuid.uuid4()):
        assert Membership.objects.count() == 0
