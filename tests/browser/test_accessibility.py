"""axe finds nothing wrong on any page, in light and in dark, and no page breaks the content security policy."""

import re

import pytest
from django.urls import reverse

from fintech_ai.cases.models import Case
from fintech_ai.cases.services import case_decide, case_take, run_claim, run_finish
from tests.support.cases import a_case_in_review, a_draft, a_received_case
from tests.triage.build import a_row, an_alert, imported

pytestmark = pytest.mark.browser

LONG = "The Very Long And Winding Merchant Name " * 5


@pytest.fixture
def cases(house_cast):
    """One case of every kind that has a page of its own."""
    house = house_cast.northgate
    found = {
        "in review": a_case_in_review(house, subject=LONG[:200], draft=a_draft(degraded_reason="timeout")),
        "held by another": a_case_in_review(house),
        "received": a_received_case(house),
        "no view": a_case_in_review(house, draft=a_draft(decision="review", claims=())),
        "no amount": a_case_in_review(house, amount=None),
        "awaiting": a_case_in_review(house, amount="900.00"),
        "decided": a_case_in_review(house),
    }
    bob = house_cast.bob.actor
    with house.scope():
        case_take(actor=bob, case_id=found["held by another"].id)
        for name, outcome in (("awaiting", "block"), ("decided", "clear")):
            case = found[name]
            case_decide(
                actor=bob, case_id=case.id, version=case.version, outcome=outcome, reason="other", note="Seen.\nBoth."
            )
        rows = [a_row(number) for number in range(12)]
        imported(house, *rows)
        found["linked"] = an_alert(house, rows[-2].id, notes="The customer calls <b>tomorrow</b>.").case
        found["with history"] = an_alert(house, rows[-1].id).case
        found["blind"] = a_case_in_review(house)
        Case.objects.filter(id=found["blind"].id).update(is_blind=True)
        found["escalated"] = an_alert(house, rows[-3].id).case
        claim = run_claim(actor=house.worker, run_id=found["escalated"].runs.get().id)
        run_finish(actor=house.worker, claim=claim, draft=a_draft(decision="escalate"))
        version = Case.objects.get(id=found["escalated"].id).version
        case_decide(actor=bob, case_id=found["escalated"].id, version=version, outcome="escalate")
    return found


def wrong_on(window, *paths):
    found = []
    for path in paths:
        window.open(path)
        found += window.violations()
    return found


@pytest.fixture(params=["light", "dark"])
def scheme(request):
    return request.param


def test_pages_of_an_analyst(desk, house_cast, cases, scheme):
    alice = desk(house_cast.alice, color_scheme=scheme)
    queue = reverse("queue", args=["triage"])
    lists = [f"{queue}?show={show}" for show in ("mine_and_free", "open", "approval", "decided")]
    details = [reverse("case", args=[case.id]) for case in cases.values()]
    others = [f"{queue}?text=nobody", f"{queue}?min_risk=500", reverse("case-trail", args=[cases["decided"].id])]
    others += ["/account/", "/keys/", "/nowhere/"]
    assert wrong_on(alice, *lists, *details, *others) == []


def test_pages_of_a_lead_and_what_opens_on_them(desk, house_cast, cases, scheme):
    lena = desk(house_cast.lena, color_scheme=scheme)
    waiting, linked = (reverse("case", args=[cases[name].id]) for name in ("awaiting", "with history"))
    desk_pages = [reverse("queue", args=["triage"]), reverse("queue-agreement", args=["triage"])]
    simulation = reverse("triage-simulation", args=["triage"])
    desk_pages += [simulation, f"{simulation}?block=5", f"{simulation}?review=5&escalate=20&block=30"]
    report = reverse("triage-sar", args=[cases["escalated"].id])
    assert wrong_on(lena, *desk_pages, report, waiting) == []
    lena.page.get_by_role("button", name="Send back").click()
    assert lena.violations() == []
    lena.open(linked)
    lena.page.get_by_text("As a table").click()
    assert lena.violations() == []
    lena.keys("?")
    assert lena.violations() == []


def test_a_refused_decision(desk, house_cast, cases, scheme):
    alice = desk(house_cast.alice, color_scheme=scheme, java_script_enabled=True)
    alice.open(reverse("case", args=[cases["in review"].id]))
    alice.page.locator("#decide input[name=version]").evaluate("field => field.value = 1")
    alice.keys("1", "Enter")
    alice.page.get_by_role("alert").wait_for()
    assert alice.violations() == []


def test_pages_of_compliance(desk, house_cast, cases, scheme):
    cora = desk(house_cast.cora, color_scheme=scheme)
    cora.open("/admin/")
    links = cora.page.locator("#content a[href^='/admin/']").evaluate_all("links => links.map(link => link.pathname)")
    assert len(links) > 5
    lists = sorted(set(links))
    details = []
    for path in lists:
        cora.open(path)
        first = cora.page.locator("#result_list a[href*='/change/']").first
        if first.count():
            details.append(re.sub(r"\?.*", "", first.get_attribute("href")))
    assert wrong_on(cora, "/admin/", *lists, *details) == []


def test_pages_before_sign_in(desk, scheme):
    stranger = desk(color_scheme=scheme)
    assert wrong_on(stranger, "/sign-in", "/keys/") == []
    stranger.open("/sign-in")
    stranger.page.get_by_role("button", name="Sign in").click()
    stranger.page.get_by_role("alert").wait_for()
    assert stranger.violations() == []
    for _ in range(5):
        stranger.page.get_by_label("E-mail address").fill(f"nobody-in-{scheme}@northgate.example")
        stranger.page.get_by_label("Password").fill("wrong")
        stranger.page.get_by_role("button", name="Sign in").click()
        stranger.page.wait_for_load_state()
    assert stranger.page.get_by_role("heading", name="Sign-in is closed for now").is_visible()
    assert stranger.violations() == []


@pytest.mark.parametrize("width", [320, 768, 1280, 1920])
def test_no_page_scrolls_sideways(desk, house_cast, cases, width):
    lena = desk(house_cast.lena, viewport={"width": width, "height": 800})
    paths = [reverse("queue", args=["triage"]), reverse("case-trail", args=[cases["decided"].id]), "/account/"]
    paths += [reverse("case", args=[cases[name].id]) for name in ("in review", "with history", "awaiting")]
    for path in paths:
        lena.open(path)
        beyond = lena.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond <= 0, path
