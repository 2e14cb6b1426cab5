"""Every row belongs to a tenant, and every way past the scope is known."""

import ast

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from fintech_ai.core.tenancy import TenantManager, TenantModel
from tests.architecture.sources import PACKAGES, functions, modules

WITHOUT_TENANT = {
    "accounts.Tenant": "is the tenant",
    "accounts.User": "a person may be a member of several tenants; what she does there hangs on her membership",
    "cases.QueueUserPermission": "django-guardian's row; belongs to a queue, which has a tenant",
    "cases.QueueGroupPermission": "django-guardian's row; belongs to a queue, which has a tenant",
}
WAYS_PAST = {"across_tenants", "_base_manager"}
ACROSS_TENANTS = {
    "fintech_ai/accounts/selectors.py: memberships_of": "finds the tenant of a session, before there is a scope",
    "fintech_ai/accounts/selectors.py: token_for_secret": "finds the tenant of a token, before there is a scope",
    "fintech_ai/accounts/tasks.py: forget_idempotency_keys": "deletes what is past its date, whosever it is",
    "fintech_ai/audit/management/commands/audit_verify.py: Command.handle": "verifies trails whose tenant is gone",
    "fintech_ai/gateway/admission/ledger.py: _lost_calls": "finds the lost calls of all tenants, by id alone",
    "fintech_ai/cases/services/runs.py: runs_to_ring": "the sweep looks for lost runs of all tenants, by id alone",
    "fintech_ai/webhooks/services.py: messages_to_ring": "rings for every tenant; the workers scope themselves",
}


def our_models():
    return [model for model in apps.get_models() if model.__module__.startswith(PACKAGES)]


def without_tenant(found):
    """The labels of models whose default manager is not held to the scope or that have no tenant."""
    return {
        model._meta.label
        for model in found
        if not isinstance(model._default_manager, TenantManager)
        or not {"tenant_id", "tenant"} & {field.name for field in model._meta.fields}
    }


def uses_across_tenants(trees):
    """ "path: function" of every mention of the way past the scope, but for `.none()`, which holds no rows."""
    found = set()
    for path, tree in trees:
        inside = {}
        for name, function in functions(tree):
            inside |= {id(node): name for node in ast.walk(function)}
        empty = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "none"}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in WAYS_PAST and id(node) not in empty:
                found.add(f"{path}: {inside.get(id(node), '')}".rstrip())
    return found


def test_every_model_belongs_to_a_tenant():
    assert without_tenant(our_models()) == set(WITHOUT_TENANT)


def test_every_way_past_the_scope_has_a_reason():
    assert uses_across_tenants(modules()) == set(ACROSS_TENANTS)


@isolate_apps("fintech_ai.cases")
def test_a_model_without_tenant_or_with_a_manager_that_forgets_it_is_found():
    class Loose(models.Model):  # noqa: DJ008
        class Meta:
            app_label = "cases"

    class Forgetful(TenantModel):
        objects = models.Manager()

        class Meta:
            app_label = "cases"

    class Sound(TenantModel):
        class Meta:
            app_label = "cases"

    assert without_tenant([Loose, Forgetful, Sound]) == {"cases.Loose", "cases.Forgetful"}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("class A:\n    def b(self):\n        return [Case.across_tenants.all() for x in y]", {"sample.py: A.b"}),
        ("rows = Case.across_tenants", {"sample.py:"}),
        ("def f():\n    return Case._base_manager.get()", {"sample.py: f"}),
        ("def f():\n    return Case.objects.get()", set()),
        ("def f():\n    return Case.across_tenants.none()", set()),
    ],
)
def test_a_way_past_the_scope_is_found(code, found):
    assert uses_across_tenants([("sample.py", ast.parse(code))]) == found
