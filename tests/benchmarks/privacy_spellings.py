"""Made-up people, and the ways in which others write what a record says of them. Shares no code with what it tests."""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

FIRST = (
    "Zoë Ana José Jürgen Siobhán Łukasz Ngọc Mary-Jane Björn Aïsha Renée Olga Tomáš Kwame Li Ingrid Søren Chloé".split()
)
MIDDLE = ["", "", "", "Maria", "K.", "Paul"]
LAST = (
    "Smith|O'Neill|García|Müller|Nowak|Nguyễn|Brandstätter|de Vries|Østergaard|Kovács|Al-Sayed|"
    "Ferreira|Dvořák|Ng|Becker"
).split("|")
STREETS = ["High Street", "Elm Grove Road", "Kastanienallee", "Rue des Lilas", "North Park Avenue", "Königstraße"]
CITIES = [("Leeds", "LS1 4AP"), ("Köln", "50667"), ("Lyon", "69002"), ("Springfield", "62704"), ("Porto", "4050-123")]
HOSTS = ["mail.example.org", "example.com", "post.example.co.uk"]
LOOKALIKES = str.maketrans("aceopxyiAEOPC", "асеорхуіАЕОРС")
HIDDEN = "\u200b\u200c\u200d\u2060\u00ad\ufeff\u034f"


@dataclass(frozen=True)
class Person:
    """What a record knows, as it stores it."""

    name: str
    card: str
    account: str
    email: str
    phone: str
    address: str
    born: date
    identifier: str


def people(count: int, seed: int) -> list[Person]:
    """As many made-up people."""
    pick = random.Random(seed)
    found = []
    for _ in range(count):
        first, middle, last = pick.choice(FIRST), pick.choice(MIDDLE), pick.choice(LAST)
        city, code = pick.choice(CITIES)
        plain = "".join(c for c in _plain(f"{first}.{last}") if c.isalnum() or c == ".").lower()
        found.append(
            Person(
                name=" ".join(part for part in (first, middle, last) if part),
                card=_card(pick),
                account=_iban(pick),
                email=f"{plain}{pick.randint(1, 99)}@{pick.choice(HOSTS)}",
                phone=pick.choice(["+1 212 555 ", "+44 20 7946 ", "+49 30 901820 "]) + f"{pick.randint(0, 9999):04}",
                address=f"{pick.randint(1, 299)} {pick.choice(STREETS)}, {city}, {code}",
                born=date(pick.randint(1930, 2005), pick.randint(1, 12), pick.randint(1, 28)),
                identifier=f"{pick.choice('ABCX')}{pick.randint(1000000, 9999999)}",
            )
        )
    return found


def spellings(person: Person) -> Iterator[tuple[str, str]]:
    """Ways of writing each value: what kind of way, and the text."""
    pick = random.Random(person.card)
    for kind, value in _values(person):
        yield kind, value
        yield f"{kind}, capitals", value.upper()
        yield f"{kind}, small", value.lower()
        yield f"{kind}, full width", "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)
        yield f"{kind}, hidden characters", "".join(c + pick.choice(HIDDEN) for c in value)
        yield f"{kind}, without accents", _plain(value)
        yield f"{kind}, decomposed", unicodedata.normalize("NFD", value)
        if not kind.startswith(("email at", "born")):
            yield f"{kind}, look-alikes", value.translate(LOOKALIKES)
        if " " in value:
            yield f"{kind}, line break", value.replace(" ", "\n", 1)
            yield f"{kind}, spaces", value.replace(" ", "  ")
            yield f"{kind}, no-break space", value.replace(" ", "\u00a0")


def _values(person: Person) -> Iterator[tuple[str, str]]:
    parts = person.name.split()
    first = parts[0]
    last = (
        person.name.removeprefix(first)
        .strip()
        .removeprefix(parts[1] if len(parts) > 2 and parts[1] in MIDDLE else "")
        .strip()
    )
    yield from [
        ("name", person.name),
        ("name first last", f"{first} {last}"),
        ("name last, first", f"{last}, {first}"),
        ("name last first", f"{last} {first}"),
        ("name initial", f"{first[0]}. {last}"),
        ("name initial close", f"{first[0]}.{last}"),
        ("name bare initial", f"{first[0]} {last}"),
        ("name last, initial", f"{last}, {first[0]}."),
        ("name title", f"Dr. {last}"),
        ("name first", first),
        ("name last", last),
        ("name user", f"{first}.{last}".replace(" ", "")),
        ("name user short", f"{first[0]}{last}".replace(" ", "")),
        ("name joined", f"{first}_{last}".replace(" ", "_")),
    ]
    digits = person.card
    for separator in ("", " ", "-", ".", " - "):
        yield "card", separator.join(digits[i : i + 4] for i in range(0, len(digits), 4))
    yield "card uneven", f"{digits[:6]} {digits[6:10]} {digits[10:]}"
    yield "card spaced", " ".join(digits)
    compact = person.account
    yield from [
        ("account", compact),
        ("account in fours", " ".join(compact[i : i + 4] for i in range(0, len(compact), 4))),
    ]
    yield from [
        ("account domestic", compact[4:]),
        ("account dashes", "-".join(compact[i : i + 4] for i in range(0, len(compact), 4))),
    ]
    local, host = person.email.split("@")
    yield "email", person.email
    yield "email at dot", f"{local} at {host}".replace(".", " dot ")
    yield "email at brackets", f"{local} [at] {host}".replace(".", " [dot] ")
    yield "email at parentheses", f"{local}(at){host}"
    country, area, *rest = person.phone.split()
    number = "".join(rest)
    whole = country[1:] + area + number
    yield from [
        ("phone", person.phone),
        ("phone digits", "+" + whole),
        ("phone 00", "00" + whole),
        ("phone bare", area + number),
    ]
    yield from [
        ("phone trunk", f"0{area} {number}"),
        ("phone brackets", f"({area}) {number}"),
        ("phone dots", f"{area}.{number}"),
    ]
    yield from [
        ("phone trunk in brackets", f"{country} (0){area}-{number}"),
        ("phone dashes", f"{country}-{area}-{number}"),
    ]
    street, city, code = person.address.split(", ")
    yield from [
        ("address", person.address),
        ("address lines", person.address.replace(", ", "\n")),
        ("street", street),
        ("code", code),
    ]
    yield from [("address no commas", person.address.replace(",", "")), ("city", city)]
    for long, short in (("Street", "St"), ("Road", "Rd."), ("Avenue", "Ave"), ("straße", "str.")):
        if long in street:
            yield "street short", street.replace(long, short)
    house, name = street.split(" ", 1)
    yield from [("street number last", f"{name} {house}"), ("street comma", f"{name}, {house}"), ("street name", name)]
    born = person.born
    for form in (
        "%Y-%m-%d",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d.%m.%Y",
        "%d-%m-%y",
        "%Y/%m/%d",
        "%d %B %Y",
        "%B %d, %Y",
        "%d %b %Y",
        "%d-%b-%y",
        "%Y%m%d",
        "%d%m%Y",
    ):
        yield "born", born.strftime(form)
    yield "born bare", f"{born.day}/{born.month}/{born.year}"
    yield "born bare dots", f"{born.day}. {born.month}. {born.year}"
    yield "born in words", f"{born.day}{_ordinal(born.day)} of {born.strftime('%B')} {born.year}"
    yield "born in words, American", f"{born.strftime('%B')} {born.day}{_ordinal(born.day)}, {born.year}"
    identifier = person.identifier
    yield from [
        ("id", identifier),
        ("id spaced", f"{identifier[0]} {identifier[1:4]} {identifier[4:]}"),
        ("id dashes", f"{identifier[0]}-{identifier[1:]}"),
    ]


def _plain(text: str) -> str:
    swapped = text.translate(str.maketrans("łŁøØđĐ", "lLoOdD")).replace("ß", "ss")
    return "".join(c for c in unicodedata.normalize("NFD", swapped) if not unicodedata.combining(c))


def _ordinal(day: int) -> str:
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _card(pick: random.Random) -> str:
    digits = [4, *(pick.randint(0, 9) for _ in range(14))]
    total = sum(sum(divmod(2 * d, 10)) if i % 2 == 0 else d for i, d in enumerate(digits))
    return "".join(map(str, [*digits, -total % 10]))


def _iban(pick: random.Random) -> str:
    country, length = pick.choice([("DE", 18), ("FR", 23), ("ES", 20)])
    inner = "".join(str(pick.randint(0, 9)) for _ in range(length))
    check = 98 - int(inner + "".join(str(ord(c) - 55) for c in country) + "00") % 97
    return f"{country}{check:02}{inner}"
