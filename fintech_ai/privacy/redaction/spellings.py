"""The spellings in which one known value may stand in a text.

A spelling is a row of letters and digits (see `folding`); what may stand between them, and on either side, are
numbers beside it. Case, accents, width, look-alike letters and hidden characters are already gone there.
"""

import html.entities
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations, product
from urllib.parse import quote

from .detection.folding import Folded, fold, is_hidden

KINDS = {
    "names": "PERSON", "organizations": "ORGANIZATION", "cards": "CARD", "accounts": "ACCOUNT", "identifiers": "ID",
    "emails": "EMAIL", "phones": "PHONE", "addresses": "ADDRESS", "birth_dates": "DATE", "others": "ID",
}  # fmt: skip

# Separators that may stand between two characters: within a word, between words, in a number, in a spelled address.
INSIDE, BETWEEN, IN_NUMBER, IN_EMAIL = 2, 5, 3, 6

# A name that is also one of these is masked alone only where it is written with a capital.
ORDINARY = frozenset(
    """
    a all am an and any are as at be been but by can card case come day did do does for from get go good had has
    have he her hi him his how i if in is it its just like long love made make man many may me more much my new
    no not now of off on one or our out own pay paid price rich see set she so some such than that the then
    there they this time to too up us use very was way we well were what when where which who why will with you
    young your bank cash cost debit fee gold loan mark rate short small
    """.split()
)
TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor sir dame rev herr frau monsieur madame jr sr ii iii iv phd md esq".split()
)
PARTICLES = frozenset("van von der den de del della di da do dos das la le el al bin ibn ten ter zu zur y e".split())
# What a German, Nordic or Slavic letter becomes when it is not just stripped of its accent.
DIGRAPHS = {
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
    "å": "aa",
    "ø": "oe",
    "æ": "ae",
    "œ": "oe",
    "ð": "dh",
    "đ": "dj",
    "ñ": "ny",
}
COLLAPSED = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))

STREET_WORDS = [
    set(group.split())
    for group in """
    street st str|avenue ave av|road rd|boulevard blvd bd boul|drive dr|lane ln|court ct|place pl|square sq
    terrace ter terr|highway hwy|parkway pkwy|crescent cres|close cl
    apartment apt|suite ste|floor fl|building bldg|flat fl|unit u
    north n|south s|east e|west w|saint st|mount mt|fort ft|avenida avda av|calle c|strasse str|platz pl|number no nr
    post p|office o
    """.strip()
    .replace("\n", "|")
    .split("|")
]
LEGAL_FORM = re.compile(
    r"[\s,]+(?:inc|incorporated|corp|corporation|co|company|llc|llp|ltd|limited|plc|gmbh|ag|sa|s\.a|bv|nv|ab|oy|spa|srl)\.?$",
    re.IGNORECASE,
)
MONTHS = "january february march april may june july august september october november december".split()


@dataclass(frozen=True, slots=True)
class Needle:
    """One spelling. `reach`: how many separators may stand between two of its characters; `breaks`: where one must."""

    text: str
    kind: str
    owner: str
    reach: int
    bounded: bool = True
    capital: bool = False
    breaks: tuple[int, ...] = ()

    def looser_than(self, other: "Needle") -> bool:
        """Whether it finds what the other finds and more; of two alike the looser is kept."""
        return (self.reach, not self.bounded, not self.capital) > (other.reach, not other.bounded, not other.capital)

    def allows(self, text: str, folded: Folded, start: int, end: int) -> bool:
        """Whether what stands there is this spelling, and not a part of another word or number."""
        places = folded.places
        if self.capital and text[places[start]].islower():
            return False
        for place in range(start + 1, end):
            between = _separators(text, places[place - 1], places[place])
            if between > self.reach or (not between and place - start in self.breaks):
                return False
        return not self.bounded or (_edge(text, folded, start - 1, start) and _edge(text, folded, end - 1, end))


def _separators(text: str, left: int, right: int) -> int:
    """How many visible characters stand between two places."""
    return 0 if right - left < 2 else sum(not is_hidden(text[place]) for place in range(left + 1, right))


def _edge(text: str, folded: Folded, left: int, right: int) -> bool:
    """Whether a word or number ends between two neighbours."""
    if left < 0 or right >= len(folded.text) or _separators(text, folded.places[left], folded.places[right]):
        return True
    before, after = folded.text[left], folded.text[right]
    if before.isdigit() != after.isdigit():
        return True
    camel = text[folded.places[left]].islower() and text[folded.places[right]].isupper()
    return camel or folded.places[left] == folded.places[right]


def spellings_of(field: str, value: str | date, *, owner: str, region: str) -> Iterator[Needle]:
    """All spellings of a value of one of the fields of `KnownValues`."""
    kind = KINDS[field]

    def needle(text: str, reach: int, **more) -> Needle:
        return Needle(text, kind, owner, reach, **more)

    if field == "birth_dates":
        yield from _dates(value, needle)
        return
    text = str(value).strip()
    if not fold(text).text:
        return
    for encoded in {text, quote(text), html.escape(text), _entities(text), json.dumps(text)[1:-1]}:
        for by_sight in (False, True):
            yield needle(fold(encoded, by_sight=by_sight).text, BETWEEN, bounded=len(text) < 8)
    match field:
        case "names":
            yield from _names(text, needle)
        case "organizations":
            yield from _organizations(text, needle)
        case "cards" | "accounts" | "identifiers":
            yield from _numbers(text, needle, field)
        case "phones":
            yield from _phones(text, region, needle)
        case "emails":
            yield from _emails(text, needle)
        case "addresses":
            yield from _addresses(text, needle)


def _entities(text: str) -> str:
    """As HTML writes it, letters with accents by name."""
    return "".join(
        f"&{html.entities.codepoint2name[ord(c)]};" if ord(c) in html.entities.codepoint2name else c for c in text
    )


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;/()\"]+", text) if fold(word).text]


def _variants(word: str) -> set[str]:
    """A word without accents, with digraphs for them, and with digraphs taken back."""
    plain = fold(word).text
    spelled = fold("".join(DIGRAPHS.get(c, c) for c in word.lower())).text
    collapsed = plain
    for long, short in COLLAPSED:
        collapsed = collapsed.replace(long, short)
    return {form for form in (plain, spelled, collapsed, fold(word, by_sight=True).text) if form}


def _names(text: str, needle) -> Iterator[Needle]:
    family, comma, given = text.partition(",")
    words = _words(f"{given} {family}" if comma and given.strip() else text)
    parts = [word for word in words if fold(word).text not in TITLES] or words
    halves = [half for part in parts if "-" in part for half in part.split("-") if half]
    for part in {*parts, *halves}:
        for form in _variants(part):
            if (len(form) > 1 and form not in PARTICLES) or len(parts) == 1:
                yield needle(form, INSIDE if len(form) > 4 else 0, capital=form in ORDINARY)
    plain = [part for part in parts if fold(part).text not in PARTICLES] or parts
    for row in {tuple(parts[:6]), tuple(plain[:5])}:
        for size in range(2, len(row) + 1):
            for chosen in combinations(row, size):
                yield from _arranged(chosen, needle)
    initials = [fold(part).text[0] for part in plain]
    for row in {tuple(initials), (initials[0], initials[-1])}:
        if len(row) > 1:
            # "J.S.": capitals, each with something after it.
            for order in (row, row[::-1]):
                yield needle("".join(order), 2, capital=True, breaks=tuple(range(1, len(row))))


def _arranged(parts: tuple[str, ...], needle) -> Iterator[Needle]:
    """The parts in order and with the last part first, each but one possibly an initial."""
    for order in {parts, parts[-1:] + parts[:-1]}:
        for shortened in product((False, True), repeat=len(order)):
            if all(shortened):
                continue
            forms = [{fold(p).text[0]} if short else _variants(p) for p, short in zip(order, shortened, strict=True)]
            for chosen in product(*forms):
                whole = "".join(chosen)
                yield needle(whole, BETWEEN, capital=whole in ORDINARY, bounded=any(shortened) or len(whole) < 10)


def _organizations(text: str, needle) -> Iterator[Needle]:
    short = LEGAL_FORM.sub("", text)
    for name in {text, short, text.replace("&", "and"), text.replace(" and ", " & ")}:
        form = fold(name).text
        if len(form) > 1:
            yield needle(form, BETWEEN, capital=form in ORDINARY or len(form) < 4)


def _numbers(text: str, needle, field: str) -> Iterator[Needle]:
    whole = fold(text).text
    yield needle(whole, IN_NUMBER, bounded=len(whole) < 8)
    if stripped := whole.lstrip("0"):
        yield needle(stripped, IN_NUMBER, bounded=True)
    if field == "accounts" and re.fullmatch(r"[a-z]{2}\d{2}[a-z0-9]{10,30}", whole):
        domestic = whole[4:]
        yield needle(domestic, IN_NUMBER, bounded=False)
        # The account itself stands last in nearly every country's number: eight digits in Britain, ten in Germany.
        for length in (8, 10, 12):
            if len(domestic) > length and domestic[-length:].isdigit():
                yield needle(domestic[-length:], IN_NUMBER)
                if len(domestic[-length:].lstrip("0")) > 5:
                    yield needle(domestic[-length:].lstrip("0"), IN_NUMBER)
    if field == "cards" and len(whole) > 11:
        for word in (
            "ending",
            "endingin",
            "endingwith",
            "lastfour",
            "last4",
            "lastfourdigits",
            "last4digits",
            "x",
            "xx",
            "xxx",
            "xxxx",
        ):
            yield needle(word + whole[-4:], BETWEEN, bounded=True)
        yield needle(whole[:6] + "x" * (len(whole) - 10) + whole[-4:], BETWEEN)
        yield needle(whole[:6] + whole[-4:], 16, breaks=(6,))
        yield needle(whole[:4] + whole[-4:], 16, breaks=(4,))


def _phones(text: str, region: str, needle) -> Iterator[Needle]:
    import phonenumbers

    digits = "".join(c for c in fold(text).text if c.isdigit())
    if len(digits) < 4:
        return
    yield needle(digits, IN_NUMBER, bounded=len(digits) < 8)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return
    country, national = str(number.country_code), phonenumbers.national_significant_number(number)
    trunk = ("0", "1", "8")  # what is dialled first within a country, in nearly all of them
    for lead in ("", country, "00" + country, "011" + country, *trunk, *(country + digit for digit in trunk)):
        yield needle(lead + national, IN_NUMBER, bounded=len(national) < 8)
    if len(national) == 10:
        yield needle(national[3:], IN_NUMBER)  # without its area code


def _emails(text: str, needle) -> Iterator[Needle]:
    local, _, domain = text.rpartition("@")
    for dot in ("", "dot", "punkt", "point", "punto"):
        for at in ("", "at", "arobase", "dogat"):
            whole = dot.join(fold(piece).text for piece in local.split("."))
            host = dot.join(fold(piece).text for piece in domain.split("."))
            yield needle(whole + at + host, IN_EMAIL, bounded=False)
            host = dot.join(fold(piece).text for piece in domain.split(".")[:-1])
            yield needle(whole + at + host, IN_EMAIL)
    for name in {local, local.partition("+")[0]}:
        form = fold(name).text
        if len(form) > 3:
            yield needle(form, INSIDE, capital=form in ORDINARY)


def _addresses(text: str, needle) -> Iterator[Needle]:
    parts = [part.strip() for part in re.split(r"[,;\n]+", text) if fold(part).text]
    yield from (needle(form, BETWEEN, bounded=len(form) < 10) for form in _abbreviated(_words(text)))
    for position, part in enumerate(parts):
        words = _words(part)
        for form in _abbreviated(words):
            if len(form) > 2:
                yield needle(form, BETWEEN, capital=len(form) < 4 or form in ORDINARY)
        numbers = [word for word in words if any(c.isdigit() for c in word)]
        names = [word for word in words if word not in numbers]
        if numbers and names:
            for order in (numbers + names, names + numbers):
                for form in _abbreviated(order):
                    yield needle(form, BETWEEN)
            for form in _abbreviated(names):
                if len(form) > 4:
                    yield needle(form, BETWEEN, capital=form in ORDINARY)
            if position and len(fold("".join(numbers)).text) > 3:
                yield needle(fold("".join(numbers)).text, IN_NUMBER)


def _abbreviated(words: list[str]) -> Iterator[str]:
    """The words in a row, with street words long and short."""
    forms = []
    for word in words:
        plain = fold(word).text
        alike = set().union(*(group for group in STREET_WORDS if plain in group))
        forms.append({fold(form).text for form in alike} | _variants(word))
        for ending, short in (("strasse", "str"), ("straat", "str")):
            if plain.endswith(ending):
                forms[-1].add(plain.removesuffix(ending) + short)
    size = 1
    for options in forms:
        size *= len(options)
    if size > 256:
        yield fold(" ".join(words)).text
        return
    yield from ("".join(chosen) for chosen in product(*forms))


def _dates(value: str | date, needle) -> Iterator[Needle]:
    born = date.fromisoformat(value) if isinstance(value, str) else value
    month = MONTHS[born.month - 1]
    days, months = {f"{born.day:02}", str(born.day)}, {f"{born.month:02}", str(born.month)}
    years = {f"{born.year:04}", f"{born.year % 100:02}"}
    for day, number, year in product(days, months, years):
        for order in ((day, number, year), (number, day, year), (year, number, day)):
            whole = "".join(order)
            padded = len(whole) == 8
            yield needle(whole, IN_NUMBER, breaks=() if padded else (len(order[0]), len(order[0]) + len(order[1])))
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(born.day % 10 if born.day not in (11, 12, 13) else 0, "th")
    for day, name in product({*days, f"{born.day}{suffix}"}, {month, month[:3], month[:4]}):
        for order in (day + name, f"{day}of{name}", name + day, f"{name}the{day}"):
            yield needle(order, BETWEEN)
            for year in years:
                yield needle(order + year, BETWEEN)
                yield needle(year + order, BETWEEN)
