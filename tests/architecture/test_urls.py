"""Every address is guarded: strangers are turned away, and another tenant's things are not there.

The whole tree is walked: pages, API, admin. An address that takes a parameter which the world of these tests cannot
fill fails, so that a new one cannot slip by.
"""

import json
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, path, re_path, reverse

from fintech_ai.accounts.pages import member_required
from fintech_ai.cases.models import Case
from tests.architecture.urls import CannotFill, addresses
from tests.architecture.world import build_world

PUBLIC = {
    "healthz": "says that the process runs, to whoever watches over it",
    "readyz": "says that the process can work, to whoever watches over it",
    "sign-in": "the way in",
    "keys": "explains the keyboard, the same to everybody",
    "sign-out": "ends a session; for nobody there is none to end",
}
SHARED = {
    "admin:app_list": "names an app and no object; lists its models as the index does",
}
BODIES = {
    "api-case-assign": {"version": 1, "assignee": None},
    "api-case-decide": {"version": 1, "outcome": "clear"},
    "api-case-approve": {"version": 1, "approve": True},
    "api-case-snooze": {"version": 1, "until": None},
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
NOT_THIS_METHOD = 405


@pytest.fixture
def world(cast):
    return build_world(cast)


def tree():
    return list(addresses(get_resolver().url_patterns))


def ours():
    """The addresses that name something of a tenant's."""
    return [address for address in tree() if address.parameters and address.name not in SHARED]


def without_objects():
    """All other addresses: lists, forms, the index."""
    return [address for address in tree() if not address.parameters or address.name in SHARED]


def send(client, method, address, values):
    """Ask, and undo whatever the answer did. A view that raises answers 500."""
    client.raise_request_exception = False
    body, kind = "", "application/x-www-form-urlencoded"
    if address.route.startswith("api/"):
        body, kind = json.dumps(BODIES.get(address.name, {})), "application/json"
    undone = transaction.atomic()
    undone._from_testcase = True  # as Django's own TestCase says, to what insists on committing by itself
    with undone:
        response = client.generic(method, address.fill(values), body, kind)
        transaction.set_rollback(True)
    return response


def is_sent_to_sign_in(response):
    return response.status_code == 302 and urlsplit(response["Location"]).path == reverse("sign-in")


def is_turned_away(response):
    return response.status_code in {401, 403, 404} or is_sent_to_sign_in(response)


def is_not_there(response):
    return response.status_code == 404


def let_in(client, tree, values, *, refused):
    """ "METHOD path: status" of every answer that is not `refused`.

    A method that an address does not know says nothing of its guard, so at least one other has to be refused.
    """
    found = []
    for address in tree:
        answers = {method: send(client, method, address, values) for method in METHODS}
        known = {method: answer for method, answer in answers.items() if answer.status_code != NOT_THIS_METHOD}
        found += [
            f"{method} {address.fill(values)}: {answer.status_code}"
            for method, answer in known.items() if not refused(answer)
        ]  # fmt: skip
        if not known:
            found.append(f"{address.fill(values)}: no method is known")
    return found


def test_every_address_can_be_walked(world):
    paths = [address.fill(world.values) for address in tree()]
    assert len(paths) > 40
    assert {"/admin/", f"/cases/{world.values['case_id']}/", f"/api/v1/cases/{world.values['case_id']}"} <= set(paths)


def test_whoever_is_not_signed_in_is_turned_away_everywhere(world):
    guarded = [address for address in tree() if address.name not in PUBLIC]
    assert let_in(Client(), guarded, world.values, refused=is_turned_away) == []


def test_whoever_sends_a_wrong_token_is_turned_away_everywhere(world):
    guarded = [address for address in tree() if address.name not in PUBLIC]
    client = Client(headers={"Authorization": "Bearer fai_wrong"})
    assert let_in(client, guarded, world.values, refused=is_turned_away) == []


def test_every_exception_exists():
    assert set(PUBLIC) | set(SHARED) | set(BODIES) <= {address.name for address in tree()}


@pytest.mark.parametrize("who", ["charlie", "carla"])
def test_a_person_of_another_tenant_gets_404_at_everything_that_is_ours(world, who):
    assert let_in(getattr(world.cast, who).client, ours(), world.values, refused=is_not_there) == []


def test_a_token_of_another_tenant_gets_404_from_the_api_and_is_nobody_elsewhere(world):
    api = [address for address in ours() if address.route.startswith("api/")]
    others = [address for address in ours() if address not in api]
    client = world.cast.igor.client
    assert let_in(client, api, world.values, refused=is_not_there) == []
    assert let_in(client, others, world.values, refused=is_turned_away) == []


@pytest.mark.parametrize("who", ["charlie", "carla", "igor"])
def test_no_list_shows_anything_of_another_tenant(world, who):
    client = getattr(world.cast, who).client
    for address in without_objects():
        for asked in ("", f"q={world.values['case_id']}", f"queue={world.values['slug']}"):
            content = _text_of(client.get(f"{address.fill(world.values)}?{asked}", follow=True))
            # What was asked for may be repeated in the search box.
            content = content.replace(asked.partition("=")[2] or "?", "")
            assert [secret for secret in world.secrets if secret in content] == [], f"{address.route}?{asked}"


def test_our_own_people_find_something_at_every_address(world):
    """Else the 404s above would prove nothing."""
    cast = world.cast
    clients = [person.client for person in (cast.alice, cast.lena, cast.cora, cast.ivan)]
    for address in ours():
        answers = [send(client, method, address, world.values) for client in clients for method in ("GET", "POST")]
        assert [answer for answer in answers if answer.status_code >= 500] == [], address.route
        assert any(not is_turned_away(answer) and answer.status_code != NOT_THIS_METHOD for answer in answers), address


def _text_of(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace")


class TestWalker:
    """The walker itself, over small trees that are broken on purpose."""

    @pytest.fixture
    def broken(self, settings):
        def use(*patterns):
            settings.ROOT_URLCONF = type("Tree", (), {"urlpatterns": [*patterns, *get_resolver().url_patterns]})
            return list(addresses(patterns))

        return use

    def test_a_parameter_that_nobody_can_fill_is_found(self):
        (address,) = addresses([path("secrets/<int:secret_id>/", HttpResponse)])
        with pytest.raises(CannotFill, match="secret_id"):
            address.fill({"case_id": 1})

    def test_an_expression_that_cannot_be_walked_is_found(self):
        with pytest.raises(CannotFill, match="cannot be walked"):
            list(addresses([re_path(r"^files/(.*)$", HttpResponse)]))

    def test_a_named_group_is_a_parameter(self):
        (address,) = addresses([re_path(r"^files/(?P<file_id>[0-9]+)$", HttpResponse, name="file")])
        assert address.fill({"file.file_id": 7}) == "/files/7"

    def test_a_view_without_a_guard_is_found(self, db, broken):
        unguarded = path("open/", lambda request: HttpResponse("come in"))
        guarded = path("closed/", member_required(lambda request: HttpResponse("come in")))
        found = let_in(Client(), broken(unguarded, guarded), {}, refused=is_turned_away)
        assert {line.split()[1] for line in found} == {"/open/:"}

    def test_a_view_that_guards_one_method_only_is_found(self, db, broken):
        def view(request):
            return HttpResponse(status=404 if request.method == "GET" else 200)

        found = let_in(Client(), broken(path("half/", view)), {}, refused=is_turned_away)
        assert "POST /half/: 200" in found
        assert "GET /half/: 404" not in found

    def test_a_view_that_breaks_is_found(self, db, broken):
        def view(request):
            raise ZeroDivisionError

        assert "GET /broken/: 500" in let_in(Client(), broken(path("broken/", view)), {}, refused=is_turned_away)

    def test_a_view_that_forgets_the_tenant_is_found(self, world, broken):
        @member_required
        def view(request, case_id):
            return HttpResponse(Case.across_tenants.get(id=case_id).subject)

        tree = broken(path("leak/<uuid:case_id>/", view))
        found = let_in(world.cast.charlie.client, tree, world.values, refused=is_not_there)
        assert f"GET /leak/{world.values['case_id']}/: 200" in found
