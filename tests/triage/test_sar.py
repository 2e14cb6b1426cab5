"""The draft of a suspicious activity report: from supported claims alone, in the form that FinCEN's schema asks for."""

from decimal import Decimal
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.capability import ClaimDraft
from fintech_ai.cases.models import Case
from fintech_ai.cases.services import case_decide, run_claim, run_finish
from fintech_ai.core.errors import Conflict, NotAllowed
from tests.support.audit import settle
from tests.support.cases import a_draft
from tests.triage.build import a_row, an_alert, imported
from triage.sar.draft import NARRATIVE_LENGTH, NARRATIVES, _parts
from triage.sar.xml import NAMESPACE, as_xml
from triage.selectors import sar_visible_to
from triage.services import sar_export

SOURCE = "FinCEN 8/812"
CLAIMS = (
    ClaimDraft("signal", "amount_out_of_pattern", "Amount out of pattern", "4.6 times usual", True, source=SOURCE),
    ClaimDraft("typology", "account_takeover", "Account takeover", "Somebody else may pay.", True),
    ClaimDraft("exculpatory", "known_merchant", "Known merchant", "12 payments before.", True),
    ClaimDraft("signal", "velocity", "Velocity", "Invented by a stranger", False, finding="No.", source="FinCEN 1/113"),
)


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


def decided(cast, house, *, outcome="escalate", claims=CLAIMS, **row):
    (payment,) = imported(house, a_row(1, **row))
    alert = an_alert(house, payment.external_id)
    claim = run_claim(actor=house.worker, run_id=alert.case.runs.get().id)
    run_finish(actor=house.worker, claim=claim, draft=a_draft(decision="escalate", claims=claims))
    case = Case.objects.get(id=alert.case_id)
    case_decide(actor=cast.alice.actor, case_id=case.id, version=case.version, outcome=outcome, reason="false_alert")
    return Case.objects.get(id=case.id)


def parsed(draft):
    return ElementTree.fromstring(as_xml(draft))  # noqa: S314 - our own


def texts(batch, name):
    return [element.text for element in batch.iter(f"{{{NAMESPACE}}}{name}")]


def test_categories_come_from_supported_claims_and_their_published_counterparts(cast, house):
    draft = sar_visible_to(cast.lena.actor, decided(cast, house))
    assert [(each.type, each.subtype, each.claims) for each in draft.activities] == [
        (8, 812, ("Amount out of pattern",)),
        (9, 920, ("Account takeover",)),
    ]


def test_the_narrative_holds_what_is_supported_and_nothing_else(cast, house):
    (narrative,) = sar_visible_to(cast.lena.actor, decided(cast, house)).narrative
    for told in (
        "Amount out of pattern: 4.6 times usual.",
        "Somebody else may pay.",
        "In the customer's favour",
        "escalate",
    ):
        assert told in narrative
    assert "Invented by a stranger" not in narrative and "Velocity" not in narrative


def test_without_a_counterpart_it_says_other_and_asks_a_person(cast, house):
    draft = sar_visible_to(cast.lena.actor, decided(cast, house, claims=()))
    assert [(each.type, each.subtype) for each in draft.activities] == [(9, 9999)]
    assert any("kind of suspicious activity" in sentence for sentence in draft.missing)
    assert texts(parsed(draft), "OtherSuspiciousActivityTypeText") == ["See narrative"]


def test_the_file_has_the_parties_order_and_numbers_that_the_schema_asks_for(cast, house):
    batch = parsed(sar_visible_to(cast.lena.actor, decided(cast, house)))
    activity = batch.find(f"{{{NAMESPACE}}}Activity")
    assert texts(batch, "ActivityPartyTypeCode") == ["35", "37", "30", "8", "34", "33"]
    order = [child.tag.rpartition("}")[2] for child in activity]
    assert list(dict.fromkeys(order)) == [
        "FilingDateText", "ActivityAssociation", "Party", "SuspiciousActivity", "ActivityNarrativeInformation",
    ]  # fmt: skip
    numbers = [element.get("SeqNum") for element in batch.iter() if element.get("SeqNum")]
    assert len(numbers) == len(set(numbers)) > 10


def test_dollars_are_rounded_up_and_another_currency_is_said_to_be_unknown(cast, house):
    dollars = sar_visible_to(cast.lena.actor, decided(cast, house, amount=Decimal("120.01"), currency="USD"))
    assert dollars.amount == 121 and texts(parsed(dollars), "TotalSuspiciousAmountText") == ["121"]


def test_euros_are_not_passed_off_as_dollars(cast, house):
    euros = sar_visible_to(cast.lena.actor, decided(cast, house, currency="EUR"))
    batch = parsed(euros)
    assert texts(batch, "AmountUnknownIndicator") == ["Y"] and not texts(batch, "TotalSuspiciousAmountText")
    assert any("EUR" in sentence for sentence in euros.missing)


def test_a_long_narrative_fills_the_forms_parts_and_says_what_is_left():
    parts = _parts([f"{number:04} " + "x" * 900 + "." for number in range(40)])
    assert len(parts) == NARRATIVES and all(len(part) <= NARRATIVE_LENGTH for part in parts)
    assert parts[-1].endswith("further sentences are on record with the bank.")


def test_only_leads_and_compliance_draft_it_and_only_of_what_was_found_suspicious(cast, house):
    case = decided(cast, house)
    for person in (cast.alice, cast.ivan):
        with pytest.raises(NotAllowed):
            sar_visible_to(person.actor, case)
    cleared = Case(outcome="clear", recommendation=None)
    with pytest.raises(Conflict):
        sar_visible_to(cast.lena.actor, cleared)


def test_taking_it_away_is_audited_but_not_in_the_trail_of_the_case(cast, house):
    case = decided(cast, house)
    sar_export(actor=cast.cora.actor, case=case)
    settle()
    event = AuditEvent.objects.get(action="sar.exported")
    assert event.data["activities"] == ["8/812", "9/920"] and event.trail_id is None


def test_the_page_shows_it_and_the_file_comes_by_post_alone(cast, house):
    case = decided(cast, house)
    page, file = reverse("triage-sar", args=[case.id]), reverse("triage-sar-xml", args=[case.id])
    assert "8/812" in cast.lena.client.get(page).content.decode()
    assert cast.lena.client.get(file).status_code == 405
    answer = cast.lena.client.post(file)
    assert answer["Content-Disposition"].endswith(f'sar-draft-{case.reference}.xml"')
    assert b"EFilingBatchXML" in answer.content
    assert cast.alice.client.get(page).status_code == 403
    assert cast.charlie.client.get(page).status_code == 404
    shown = reverse("case", args=[case.id])
    assert page in cast.lena.client.get(shown).content.decode()
    assert page not in cast.alice.client.get(shown).content.decode()
