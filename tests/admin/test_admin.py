"""The compliance officer's site: she reads everything of her tenant and changes nothing."""

import io
import json
import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fintech_ai.accounts.models import ApiToken, Membership, Role
from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.verify_export import CHECKPOINT_FORMAT, read_checkpoints, verify
from fintech_ai.cases.models import Case
from fintech_ai.core.admin import COUNT_LIMIT, CappedPaginator, ReadOnlyAdmin
from tests.architecture.world import MARK, build_world
from tests.support.audit import settle

EVENTS = "admin:audit_auditevent_changelist"


@pytest.fixture
def world(cast):
    return build_world(cast)


@pytest.fixture
def cora(world):
    return world.cast.cora.client


def registered():
    return list(admin.site._registry)


def list_of(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_of(model, pk):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


def text_of(response):
    assert response.status_code == 200
    return response.content.decode()


def test_she_sees_what_there_is(cora):
    page = text_of(cora.get("/admin/"))
    shown = {
        "Queues", "Cases", "Runs", "Recommendations", "Decisions", "Model calls", "Audit events", "Memberships",
        "Api tokens", "Transactions", "Alerts",
    }  # fmt: skip
    assert {name for name in shown if f">{name}<" not in page} == set()


def test_every_list_and_every_object_can_be_read(world, cora):
    with world.cast.northgate.scope():
        objects = {model: model._default_manager.first() for model in registered()}
    for model, some in objects.items():
        assert f"{some.pk}/change/" in text_of(cora.get(list_of(model)))
        text_of(cora.get(page_of(model, some.pk)))


@pytest.mark.slow
def test_every_list_can_be_sorted_filtered_and_searched_by_what_it_offers(world, cora):
    for model, options in admin.site._registry.items():
        address = list_of(model)
        for link in set(re.findall(r'href="(\?[^"]*)"', text_of(cora.get(address)))):
            assert cora.get(address + link.replace("&amp;", "&")).status_code == 200, link
        assert options.search_fields
        for term in ("", " ", "1", "T-1", "9" * 30, "nothing", "'", "%", "\\", str(world.values["case_id"])):
            assert cora.get(address, {"q": term}).status_code == 200, term


def test_a_case_is_found_by_its_reference_and_leads_to_its_trail(world, cora):
    with world.cast.northgate.scope():
        case = Case.objects.get(id=world.values["case_id"])
    assert MARK in text_of(cora.get(list_of(Case), {"q": case.reference}))
    assert MARK not in text_of(cora.get(list_of(Case), {"q": f"T-{case.number + 1000}"}))
    page = text_of(cora.get(page_of(Case, case.id)))
    (trail,) = re.findall(r'href="(/admin/audit/auditevent/\?q=[^"]*)"', page)
    assert "case.put_forward" in text_of(cora.get(trail))


def test_events_are_shown_with_the_name_of_the_person(world, cora):
    page = text_of(cora.get(reverse(EVENTS), {"q": "case.put_forward"}))
    assert "Alice (user)" in page


def test_nobody_can_add_change_or_delete(world, cora):
    with world.cast.northgate.scope():
        objects = {model: model._default_manager.first() for model in registered()}
    for model, some in objects.items():
        assert cora.get(list_of(model) + "add/").status_code == 404
        assert cora.get(f"{list_of(model)}{some.pk}/delete/").status_code == 404
        assert cora.post(list_of(model), {"action": "delete_selected", "_selected_action": some.pk}).status_code == 405
        assert cora.post(page_of(model, some.pk), {"name": "x"}).status_code == 405
        assert "<input" not in text_of(cora.get(page_of(model, some.pk))).split('id="content-main"')[1]


def test_only_read_only_pages_are_registered(cora):
    assert all(isinstance(options, ReadOnlyAdmin) for options in admin.site._registry.values())
    labels = {model._meta.label for model in registered()}
    assert not {label for label in labels if label.split(".")[0] in {"auth", "axes", "guardian", "sessions"}}
    assert not labels & {"accounts.User", "accounts.Tenant"}


@pytest.mark.parametrize("who", ["alice", "lena"])
def test_for_others_of_the_tenant_there_is_nothing_here(world, who):
    assert getattr(world.cast, who).client.get("/admin/").status_code == 404


def test_a_token_opens_nothing_here_whatever_its_role(world):
    with world.cast.northgate.scope():
        ApiToken.objects.update(role=Role.COMPLIANCE)
    response = world.cast.ivan.client.get("/admin/")
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("sign-in"))


def test_a_superuser_without_a_tenant_is_not_let_in(world):
    person = world.cast.cora
    person.user.is_superuser = True
    person.user.save()
    with world.cast.northgate.scope():
        Membership.objects.filter(user=person.user).update(is_active=False)
    assert person.client.get("/admin/").status_code == 404


def test_a_superuser_with_a_tenant_sees_that_tenant(world):
    person = world.cast.charlie
    person.user.is_superuser = True
    person.user.save()
    assert MARK not in text_of(person.client.get(list_of(Case)))


def test_no_secret_of_a_token_or_password_is_shown(world, cora):
    with world.cast.northgate.scope():
        token = ApiToken.objects.get()
    pages = [list_of(ApiToken), page_of(ApiToken, token.id), list_of(Membership)]
    for page in pages:
        assert token.digest not in text_of(cora.get(page))
        assert world.cast.ivan.secret not in text_of(cora.get(page))


def test_an_id_that_is_no_id_is_not_found(cora):
    for model in registered():
        for pk in ("0", "x", "00000000-0000-0000-0000-000000000000", "%00", "'", "a" * 64):
            assert cora.get(page_of(model, "PK").replace("PK", pk)).status_code == 404


def test_a_list_costs_a_handful_of_queries_and_never_counts_to_the_end(world, cora):
    for model in registered():
        with CaptureQueriesContext(connection) as queries:
            text_of(cora.get(list_of(model)))
        table = model._meta.db_table
        counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and f'"{table}"' in query["sql"]]
        assert all(f"LIMIT {COUNT_LIMIT}" in sql for sql in counts), counts
        assert len(queries) < 25, model


def test_the_count_stops_at_the_limit(world):
    with world.cast.northgate.scope():
        assert CappedPaginator(AuditEvent.objects.all(), 10).count == AuditEvent.objects.count()
        assert not CappedPaginator(AuditEvent.objects.all(), 10).is_capped


class TestChain:
    def test_verifying_says_what_was_found_and_is_recorded(self, world, cora):
        page = text_of(cora.post(reverse("admin:audit_verify"), follow=True))
        settle()
        with world.cast.northgate.scope():
            last = AuditEvent.objects.last()
            assert last.action == "trail.verified"
            assert last.actor_id == str(world.cast.cora.user.id)
            assert json.loads(last.body)["origin"]["channel"] == "admin"
            assert f"Whole: {last.seq - 1:,} events, the last with hash {last.prev_hash}" in page

    def test_the_export_is_whole_and_records_itself(self, world, cora):
        response = cora.post(reverse("admin:audit_export"))
        assert response["Content-Disposition"].startswith("attachment")
        assert verify_bytes(b"".join(response.streaming_content)).tenant == str(world.cast.northgate.tenant.id)
        settle()
        with world.cast.northgate.scope():
            assert AuditEvent.objects.last().action == "trail.exported"

    def test_a_checkpoint_names_the_last_event(self, world, cora):
        line = text_of(cora.get(reverse("admin:audit_checkpoint")))
        assert json.loads(line)["format"] == CHECKPOINT_FORMAT
        with world.cast.northgate.scope():
            last = AuditEvent.objects.last()
        assert list(read_checkpoints([line])) == [(str(world.cast.northgate.tenant.id), last.seq, last.hash)]

    def test_a_link_cannot_make_her_verify_or_export(self, cora):
        for name in ("admin:audit_verify", "admin:audit_export"):
            assert cora.get(reverse(name)).status_code == 405

    def test_another_site_cannot_make_her_verify(self, world):
        client = world.cast.cora.client
        client.handler.enforce_csrf_checks = True
        assert client.post(reverse("admin:audit_verify")).status_code == 403


def verify_bytes(content):
    return verify(io.BytesIO(content))
