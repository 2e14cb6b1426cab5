"""A value that the record knows is masked in every spelling that can be derived from it."""

from datetime import date

import pytest

from fintech_ai.privacy.redaction import KnownValues
from tests.benchmarks.privacy_spellings import people, spellings


def readable(text: str, known: KnownValues) -> str:
    """The letters and digits that the known values leave in a text."""
    covered = {place for span in known.spans_in(text) for place in range(span.start, span.end)}
    return "".join(c for place, c in enumerate(text) if c.isalnum() and place not in covered)


def test_every_spelling_of_every_value_of_a_record_is_masked():
    missed = []
    for person in people(4, seed=3):
        known = KnownValues(
            names=[person.name],
            cards=[person.card],
            accounts=[person.account],
            emails=[person.email],
            phones=[person.phone],
            addresses=[person.address],
            birth_dates=[person.born],
            identifiers=[person.identifier],
        )
        for way, value in spellings(person):
            left = readable(f"~ {value} ~", known)
            if left and not (way.startswith("name title") and len(left) <= 2):
                missed.append((way, value, left))

    assert missed == []


@pytest.mark.parametrize(
    "known, text",
    [
        (KnownValues(names=["Smith, John Albert"]), "J. A. Smith"),
        (KnownValues(names=["Smith, John Albert"]), "John A Smith"),
        (KnownValues(names=["John Smith"]), "J-o-h-n S-m-i-t-h"),
        (KnownValues(names=["John Smith"]), "john%20smith"),
        (KnownValues(names=["John Smith"]), "@johnsmith"),
        (KnownValues(names=["John Smith"]), "J.S."),
        (KnownValues(names=["Smith-Jones Mary"]), "Mary Smith"),
        (KnownValues(names=["Jürgen Müller"]), "JUERGEN MUELLER"),
        (KnownValues(names=["Juergen Mueller"]), "Jürgen Müller"),
        (KnownValues(names=["Jürgen Müller"]), "J&uuml;rgen M&uuml;ller"),
        (KnownValues(names=["José García"]), "Jos\\u00e9 Garc\\u00eda"),
        (KnownValues(names=["Иван Петров"]), "Ivan Petrov"),
        (KnownValues(names=["Ivan Petrov"]), "Иван Петров"),
        (KnownValues(names=["Ludwig van Beethoven"]), "van Beethoven, Ludwig"),
        (KnownValues(organizations=["Acme Widgets Ltd"]), "ACME WIDGETS"),
        (KnownValues(cards=["4111111111111111"]), "ending 1111"),
        (KnownValues(cards=["4111111111111111"]), "411111******1111"),
        (KnownValues(cards=["4111111111111111"]), "٤١١١١١١١١١١١١١١١"),
        (KnownValues(accounts=["GB29NWBK60161331926819"]), "31926819"),
        (KnownValues(phones=["020 7946 0958"], region="GB"), "+44 20 7946 0958"),
        (KnownValues(phones=["+12125550123"]), "555-0123"),
        (KnownValues(birth_dates=["1980-05-03"]), "3 May"),
        (KnownValues(birth_dates=[date(1980, 5, 3)]), "3.5.80"),
        (KnownValues(others=["jsx-9981"]), "JSX 9981"),
    ],
)
def test_it_masks(known, text):
    assert readable(text, known) == ""


@pytest.mark.parametrize(
    "known, text",
    [
        (KnownValues(names=["Will May"]), "he will pay in may"),
        (KnownValues(names=["Ana Lee"]), "an analogous leeway"),
        (KnownValues(names=["Al Ford"]), "all afford it"),
        (KnownValues(names=["Thea Ina"]), "the apple in a box"),
        (KnownValues(identifiers=["1234"]), "amount 12345.00 of 91234"),
        (KnownValues(birth_dates=["1980-05-03"]), "ratio 351980 of 3519801"),
        (KnownValues(), "John Smith"),
        (KnownValues(names=["", "  ", "-"]), "nobody - here"),
    ],
)
def test_it_leaves_other_words_alone(known, text):
    assert known.spans_in(text) == []
