"""The draft as a batch of FinCEN's SAR XML schema, version 1.6 (EFL_SARXBatchSchema.xsd), of one activity.

Elements stand in the order of the schema, each with a number of its own. What is not known is said by the schema's own
"unknown" indicators, or left out where it may be.
"""

import re
from itertools import count
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from triage.sar.draft import OTHER, OTHER_TEXT, SarDraft

NAMESPACE = "www.fincen.gov/base"
# Characters that XML 1.0 cannot hold (section 2.2).
UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Kinds of party, ActivityPartyTypeCode.
FILER, SUBJECT, INSTITUTION, TRANSMITTER, CONTACT, OFFICE = "30", "33", "34", "35", "37", "8"
# Kinds of name, PartyNameTypeCode: the legal one.
LEGAL = "L"
NAME_LENGTH, FIRST_NAME_LENGTH, CITY_LENGTH = 150, 35, 50


def as_xml(draft: SarDraft) -> bytes:
    """The batch, in UTF-8."""
    ElementTree.register_namespace("fc2", NAMESPACE)
    batch = Element(
        _tag("EFilingBatchXML"),
        TotalAmount=str(draft.amount or 0),
        PartyCount="1",
        ActivityCount="1",
        ActivityAttachmentCount="0",
        AttachmentCount="0",
    )
    numbers = count(1)

    def add(parent: Element, name: str, text: str | None = None) -> Element:
        """A field with its text, or a group with its number."""
        element = SubElement(parent, _tag(name))
        if text is None:
            element.set("SeqNum", str(next(numbers)))
        else:
            element.text = UNSPEAKABLE.sub("", text)
        return element

    def party(kind: str, name: str) -> Element:
        element = add(activity, "Party")
        add(element, "ActivityPartyTypeCode", kind)
        if kind == INSTITUTION:
            add(element, "NoBranchActivityInvolvedIndicator", "Y")
        called = add(element, "PartyName")
        add(called, "PartyNameTypeCode", LEGAL)
        add(called, "RawPartyFullName", _line(name, NAME_LENGTH))
        return element

    add(batch, "FormTypeCode", "SARX")
    activity = add(batch, "Activity")
    add(activity, "FilingDateText", f"{draft.drafted_on:%Y%m%d}")
    association = add(activity, "ActivityAssociation")
    add(association, "InitialReportIndicator", "Y")
    for kind in (TRANSMITTER, CONTACT, FILER, OFFICE, INSTITUTION):
        party(kind, draft.institution)
    _add_subject(add, activity, draft)
    suspicious = add(activity, "SuspiciousActivity")
    if draft.amount is None:
        add(suspicious, "AmountUnknownIndicator", "Y")
    add(suspicious, "SuspiciousActivityFromDateText", f"{draft.first_day:%Y%m%d}")
    add(suspicious, "SuspiciousActivityToDateText", f"{draft.last_day:%Y%m%d}")
    if draft.amount is not None:
        add(suspicious, "TotalSuspiciousAmountText", str(draft.amount))
    for each in draft.activities:
        kind = add(suspicious, "SuspiciousActivityClassification")
        if (each.type, each.subtype) == OTHER:
            add(kind, "OtherSuspiciousActivityTypeText", OTHER_TEXT)
        add(kind, "SuspiciousActivitySubtypeID", str(each.subtype))
        add(kind, "SuspiciousActivityTypeID", str(each.type))
    for position, part in enumerate(draft.narrative, start=1):
        told = add(activity, "ActivityNarrativeInformation")
        add(told, "ActivityNarrativeSequenceNumber", str(position))
        add(told, "ActivityNarrativeText", part)
    ElementTree.indent(batch)
    return ElementTree.tostring(batch, encoding="utf-8", xml_declaration=True)


def _add_subject(add, activity: Element, draft: SarDraft) -> None:
    """The customer. The last word of the name is taken for the last name, which a person has to check."""
    subject = add(activity, "Party")
    add(subject, "ActivityPartyTypeCode", SUBJECT)
    add(subject, "BirthDateUnknownIndicator", "Y")
    add(subject, "UnknownGenderIndicator", "Y")
    called = add(subject, "PartyName")
    first, _, last = _line(draft.customer.name).rpartition(" ")
    if not last:
        add(called, "EntityLastNameUnknownIndicator", "Y")
    if not first:
        add(called, "FirstNameUnknownIndicator", "Y")
    add(called, "PartyNameTypeCode", LEGAL)
    if last:
        add(called, "RawEntityIndividualLastName", _line(last, NAME_LENGTH))
    if first:
        add(called, "RawIndividualFirstName", _line(first, FIRST_NAME_LENGTH))
    _add_home(add, subject, draft)
    identified = add(subject, "PartyIdentification")
    add(identified, "TINUnknownIndicator", "Y")
    related = add(subject, "PartyAssociation")
    add(related, "CustomerIndicator", "Y")


def _add_home(add, subject: Element, draft: SarDraft) -> None:
    home = add(subject, "Address")
    city, country = _line(draft.customer.home_city, CITY_LENGTH), draft.customer.home_country
    if not city:
        add(home, "CityUnknownIndicator", "Y")
    if not country:
        add(home, "CountryCodeUnknownIndicator", "Y")
    if city:
        add(home, "RawCityText", city)
    if country:
        add(home, "RawCountryCodeText", country)
    add(home, "StateCodeUnknownIndicator", "Y")
    add(home, "StreetAddressUnknownIndicator", "Y")
    add(home, "ZIPCodeUnknownIndicator", "Y")


def _line(text: str, length: int | None = None) -> str:
    """The words of a text with one space between, cut to a length: so the schema wants what stands in a field."""
    return " ".join(UNSPEAKABLE.sub(" ", text).split())[:length].strip()


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
