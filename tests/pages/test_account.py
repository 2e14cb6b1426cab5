"""Sign-in, sign-out, one's own settings, the first page, and the pages that say what went wrong."""

import pytest
from django.test import Client
from django.urls import reverse

from fintech_ai.accounts.models import Membership
from fintech_ai.accounts.services import member_add, tenant_create
from fintech_ai.audit.models import AuditEvent
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope
from tests.support.cast import PASSWORD


@pytest.fixture
def alice(cast):
    cast.alice.user.set_password(PASSWORD)
    cast.alice.user.save()
    return cast.alice


def sign_in(email, password, client=None):
    return (client or Client()).post(reverse("sign-in"), {"username": email, "password": password})


def actions(cast, sealed, person):
    sealed()
    with cast.northgate.scope():
        return list(AuditEvent.objects.filter(actor_id=str(person.user.id)).values_list("action", flat=True))


def test_signing_in_leads_to_the_queue_and_is_recorded(cast, alice, sealed):
    client = Client()
    assert sign_in(alice.email, PASSWORD, client)["Location"] == reverse("home")
    assert client.get("/")["Location"] == reverse("queue", args=["triage"])
    assert actions(cast, sealed, alice) == ["session.started"]


def test_an_address_is_taken_in_any_case(alice):
    assert sign_in(alice.email.upper(), PASSWORD).status_code == 302


def test_a_wrong_password_says_one_sentence_and_is_recorded(cast, alice, sealed):
    response = sign_in(alice.email, "wrong")
    assert response.status_code == 400
    assert "do not belong together" in response.content.decode()
    assert actions(cast, sealed, alice) == ["session.refused"]


def test_whether_an_address_has_an_account_is_not_told(alice):
    known, unknown = (sign_in(email, "wrong").content.decode() for email in (alice.email, "nobody@example.com"))
    assert "do not belong together" in known
    assert "do not belong together" in unknown


def test_after_five_wrong_passwords_sign_in_is_closed_for_a_while(alice):
    for email in (alice.email, alice.email.upper(), alice.email.title(), f" {alice.email}", alice.email):
        response = sign_in(email, "wrong")
    assert response.status_code == 429
    assert "Sign-in is closed for now" in response.content.decode()
    assert sign_in(alice.email, PASSWORD).status_code == 429


def test_others_at_the_same_address_still_sign_in(cast, alice):
    for _ in range(5):
        sign_in(cast.bob.email, "wrong")
    assert sign_in(alice.email, PASSWORD).status_code == 302


def test_nobody_is_sent_to_another_site_after_signing_in(alice):
    data = {"username": alice.email, "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post(reverse("sign-in"), data)["Location"] == reverse("home")


def test_signing_out_is_recorded(cast, sealed):
    client = cast.alice.client
    assert client.post(reverse("sign-out"))["Location"] == reverse("sign-in")
    assert client.get("/").status_code == 302
    assert actions(cast, sealed, cast.alice) == ["session.ended"]


def test_signing_out_needs_a_post(cast):
    assert cast.alice.client.get(reverse("sign-out")).status_code == 405


def test_a_compliance_officer_starts_in_the_admin_site(cast):
    assert cast.cora.client.get("/")["Location"] == reverse("admin:index")


def test_whoever_has_no_queue_is_told_what_to_do(cast):
    with cast.northgate.scope():
        Membership.objects.get(user=cast.bob.user).groups.clear()
    content = cast.bob.client.get("/").content.decode()
    assert "You have no queue yet" in content
    assert "Ask your team lead" in content


def test_whoever_belongs_to_no_tenant_is_told_what_to_do(cast):
    with cast.northgate.scope():
        Membership.objects.filter(user=cast.bob.user).update(is_active=False)
    response = cast.bob.client.get("/")
    assert response.status_code == 403
    assert "You belong to no tenant yet" in response.content.decode()


def test_single_keys_are_switched_off_and_on(cast):
    client = cast.alice.client
    assert 'data-single-keys="on"' in client.get(reverse("account")).content.decode()
    client.post(reverse("account"), {})
    assert 'data-single-keys="off"' in client.get(reverse("account")).content.decode()
    client.post(reverse("account"), {"single_key_shortcuts": "on"})
    assert 'data-single-keys="on"' in client.get(reverse("account")).content.decode()


def test_whoever_belongs_to_two_tenants_changes_between_them(cast):
    other = tenant_create(slug="second", name="Second Bank")
    with tenant_scope(other.id):
        member_add(actor=Actor.system(tenant_id=other.id), email=cast.alice.email, name="Alice", role="analyst")
    client = cast.alice.client
    client.post(reverse("account-tenant"), {"tenant": str(other.id)})
    assert "Second Bank" in client.get(reverse("account")).content.decode()


def test_nobody_changes_to_a_tenant_that_is_not_hers(cast):
    client = cast.alice.client
    for tenant in (str(cast.southbank.tenant.id), "nonsense", ""):
        client.post(reverse("account-tenant"), {"tenant": tenant})
        assert "Northgate Bank" in client.get(reverse("account")).content.decode()


def test_an_unknown_address_says_where_to_go(cast):
    response = cast.alice.client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_an_unknown_address_of_the_api_is_a_problem(cast):
    response = cast.alice.client.get("/api/v1/nowhere")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_a_form_from_an_old_page_is_refused_with_a_sentence(cast):
    client = cast.alice.client
    client.handler.enforce_csrf_checks = True
    response = client.post(reverse("sign-out"))
    assert response.status_code == 403
    assert "The page that you sent was too old" in response.content.decode()


def test_a_form_that_is_too_large_is_refused_with_a_sentence(cast, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = cast.alice.client.post(reverse("account"), {"note": "x" * 200})
    assert response.status_code == 413
    assert "This is too large" in response.content.decode()


def test_the_admin_site_is_closed_to_analysts_with_a_sentence(cast):
    response = cast.alice.client.get("/admin/")
    assert response.status_code == 404
    assert "Only a compliance officer may open these pages." in response.content.decode()


def test_a_failure_on_our_side_gets_a_page_without_the_database(cast, django_assert_num_queries, rf):
    from fintech_ai.core.error_pages import server_error

    request = rf.get("/")
    request.request_id = "abc"
    with django_assert_num_queries(0):
        response = server_error(request)
    assert response.status_code == 500
    assert "abc" in response.content.decode()


def test_no_page_carries_inline_style_or_script(cast):
    client = cast.lena.client
    for path in (reverse("queue", args=["triage"]), reverse("account"), reverse("keys"), "/nowhere/"):
        response = client.get(path)
        content = response.content.decode()
        assert " style=" not in content
        assert "<style" not in content
        assert "<script>" not in content
        assert "script-src 'self'" in response["Content-Security-Policy"]


def test_switching_the_keys_off_is_recorded_with_old_and_new_value(cast, sealed):
    cast.alice.client.post("/account/", {})
    sealed()
    with cast.northgate.scope():
        event = AuditEvent.objects.get(action="settings.changed", object_id=str(cast.alice.user.id))
    assert event.data == {"from": {"single_key_shortcuts": True}, "to": {"single_key_shortcuts": False}}


def test_a_page_that_asks_again_after_the_session_ended_goes_to_the_sign_in_page(cast):
    response = Client().get("/queues/triage/", headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/sign-in?next=/queues/triage/"
