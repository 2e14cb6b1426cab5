"""The admin pages in a real browser: nothing that the content security policy refuses, nothing that axe finds."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings

from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.models import Recommendation
from tests.architecture.world import build_world
from tests.support.calls import MASKED
from tests.support.cast import build_cast

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def world(committed_db):
    return build_world(build_cast())


@pytest.fixture(params=["light", "dark"])
def page(request, browser, server, world):
    """A page in which Cora is signed in. `page.refused` is what the console complained of."""
    context = browser.new_context(base_url=server.url, color_scheme=request.param)
    cookie = world.cast.cora.client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": server.url}])
    page = context.new_page()
    page.scheme = request.param
    page.refused = []
    page.on("console", lambda said: said.type in {"error", "warning"} and page.refused.append(said.text))
    page.on("pageerror", lambda error: page.refused.append(str(error)))
    yield page
    context.close()


def found_on(page):
    """What the console and axe say of the page, a line each."""
    found = [f"{page.url}: {said}" for said in page.refused]
    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}, "preload": False})
    page.refused.clear()  # axe tries inline styles, which are refused as they should be
    return found + [
        f"{page.url}: {violation['id']} at {node['target']}: {node['failureSummary']}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]


def test_index_lists_and_objects_are_accessible_and_keep_to_the_policy(page, world):
    with world.cast.northgate.scope():
        recommendation = Recommendation.objects.get(case_id=world.values["case_id"]).id
        event = AuditEvent.objects.first().pk
    pages = [
        "/admin/",
        "/admin/cases/case/",
        f"/admin/cases/case/{world.values['case_id']}/change/",
        "/admin/audit/auditevent/",
    ]
    if page.scheme == "light":  # what differs in the dark are the colours, which these four have all of
        pages += [
            "/admin/cases/",
            f"/admin/cases/queue/{world.cast.northgate.queue.id}/change/",
            "/admin/cases/recommendation/",
            f"/admin/cases/recommendation/{recommendation}/change/",
            "/admin/gateway/modelcall/",
            "/admin/audit/auditevent/?q=nothing",
            f"/admin/audit/auditevent/{event}/change/",
            "/admin/accounts/membership/",
        ]
    found = []
    for address in pages:
        assert page.goto(address).status == 200, address
        found += found_on(page)
    assert found == []


def test_the_pages_of_a_model_call_are_accessible_and_keep_to_the_policy(page, world):
    """From the call to what was sent, with hostile text in it, to the masked values, and to the comparisons."""
    call = f"/admin/gateway/modelcall/{world.values['call_id']}"
    found = []
    page.goto(f"{call}/change/")
    found += found_on(page)
    page.get_by_role("link", name="What was sent and received").click()
    page.get_by_role("button", name="Record and show").click()  # which asks for the reason
    found += found_on(page)
    page.get_by_label("Reason").select_option("A customer has complained")
    page.get_by_label("Reference").fill("Jane Roe")
    page.get_by_role("button", name="Record and show").click()
    assert "capitals and digits" in page.get_by_role("alert").inner_text()
    assert "400 (Bad Request)" in page.refused.pop()
    found += found_on(page)
    page.get_by_label("Reference").fill("C-7")
    page.get_by_role("button", name="Record and show").click()
    page.get_by_role("heading", name="Request 2").wait_for()
    page.locator("summary").click()
    assert page.evaluate("document.querySelectorAll('.said script').length") == 0
    found += found_on(page)
    page.get_by_role("button", name="Record and show the masked values").click()
    page.get_by_role("cell", name=MASKED).wait_for()
    found += found_on(page)
    compared = world.values["admin:gateway_call_compare.call_id"]
    for address in (
        f"{call}/content/",
        f"{call}/again/",
        f"/admin/gateway/modelcall/{compared}/compare/",
        "/admin/gateway/modelcall/shadow/",
    ):
        assert page.goto(address).status == 200, address
        found += found_on(page)
    assert found == []


PROPOSED = ("route", "promptchoice", "budgetlimits", "vendorreview")


def test_the_pages_about_models_are_accessible_and_keep_to_the_policy(page, world):
    addresses = [f"/admin/gateway/{name}/" for name in ("models", "budget", "prompts", "vendors", *PROPOSED)]
    addresses += [f"/admin/gateway/{name}/propose/" for name in PROPOSED]
    addresses += [
        f"/admin/gateway/{name}/{world.values[f'admin:gateway_{name}_change.object_id']}/change/" for name in PROPOSED
    ]
    found = []
    for address in addresses:
        assert page.goto(address).status == 200, address
        found += found_on(page)
    assert found == []


def test_the_pages_about_models_fit_a_narrow_window(page):
    page.set_viewport_size({"width": 768, "height": 900})
    for name in ("models", "budget", "prompts", "vendors", *PROPOSED):
        page.goto(f"/admin/gateway/{name}/")
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond <= 0, name


def test_two_officers_put_other_limits_in_force(page, server, world):
    """Cora's form is refused with a sentence, then proposed; her own button is disabled; Colin's works."""
    page.goto("/admin/gateway/budget/")
    page.get_by_role("link", name="Propose other limits").click()
    page.get_by_label("Why").fill("A quiet month")
    month = page.get_by_label("One month", exact=False)
    month.fill("-1")
    page.get_by_role("button", name="Propose").click()
    assert "Say 0 or more" in page.locator("#content-main").inner_text()
    page.refused.clear()  # the answer 400
    found = found_on(page)
    month.fill("123")
    page.get_by_role("button", name="Propose").click()
    page.get_by_text("Waiting for a second person").first.wait_for()
    assert page.get_by_role("button", name="Approve").is_disabled()
    assert "another compliance officer has to approve it" in page.locator("#content-main").inner_text()
    found += found_on(page)
    proposal = page.url
    cookie = world.cast.colin.client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": server.url}])
    page.goto(proposal)
    page.get_by_text("Approve …").click()
    found += found_on(page)
    page.get_by_role("button", name="Approve for good").click()
    page.get_by_text("Approved. It is in force within 5 seconds.").wait_for()
    found += found_on(page)
    page.goto("/admin/gateway/budget/")
    assert "$123.00" in page.locator("#content-main").inner_text()
    assert found == []


def test_one_button_verifies_the_chain(page, world):
    page.goto("/admin/audit/auditevent/")
    page.get_by_role("button", name="Verify the chain").click()
    verdict = page.locator(".messagelist .success")
    assert verdict.inner_text().startswith("Whole: ")
    with world.cast.northgate.scope():
        before = AuditEvent.objects.get(action="trail.verified").prev_hash
    assert before in verdict.inner_text()
    assert found_on(page) == []


def test_the_export_and_a_checkpoint_are_downloads(page, world):
    page.goto("/admin/audit/auditevent/")
    with page.expect_download() as export:
        page.get_by_role("button", name="Export").click()
    assert export.value.suggested_filename == f"audit-{world.cast.northgate.tenant.slug}.jsonl"
    with page.expect_download() as checkpoint:
        page.get_by_role("link", name="Download a checkpoint").click()
    assert checkpoint.value.suggested_filename.endswith("-checkpoint.jsonl")


def test_she_can_sign_out(page):
    page.goto("/admin/")
    page.get_by_role("button", name="Sign out").click()
    page.goto("/admin/")
    assert "/sign-in" in page.url


def test_a_case_leads_to_its_trail(page, world):
    page.goto(f"/admin/cases/case/{world.values['case_id']}/change/")
    page.get_by_role("link", name="All that happened to it").click()
    page.get_by_role("cell", name="case.put_forward").wait_for()
