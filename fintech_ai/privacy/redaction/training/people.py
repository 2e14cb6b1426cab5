"""Made-up people: their names, what they do and whom they belong to."""

import string
from collections.abc import Callable

from .dice import WORDS, Dice, Filler

HONORIFICS = "Mr. Mrs. Ms. Dr. Mr Mrs Ms Dr Prof. Miss Sir Herr Señora Rev.".split()
PARTICLES = "van|van der|de|von|ten|el|bin|da|dos|di".split("|")


class People:
    """Names from all of Faker's European locales, from a list of others, and from syllables."""

    def __init__(self, dice: Dice):
        self.dice = dice
        self.firsts = [self._pool(fake.first_name) for fake in dice.fakers]
        self.lasts = [self._pool(fake.last_name) for fake in dice.fakers]

    def fillers(self) -> dict[str, Filler]:
        """What these slots of a template become."""
        return {
            "person": ("PERSON", self.person),
            "first": ("PERSON", self.first),
            "last": ("PERSON", self.last),
            "job": ("TITLE", self.job),
            "honorific": ("TITLE", lambda: self.dice.pick(HONORIFICS)),
            "nrp": ("GROUP", lambda: self.dice.pick(WORDS["demonyms"])),
            "nrps": ("GROUP", self.people),
            "age": ("AGE", lambda: str(self.dice.number(1, 99))),
            "user": ("USERNAME", self.dice.english.user_name),
        }

    def _pool(self, make: Callable[[], str]) -> list[str]:
        return sorted({make() for _ in range(250)})

    def _locale(self) -> int:
        return self.dice.random.randrange(len(self.dice.fakers))

    def first(self, locale: int | None = None) -> str:
        if self.dice.chance(0.1):
            return self.dice.pick(WORDS["more_first_names"])
        if self.dice.chance(0.12):
            return self.dice.made_up()
        return self.dice.pick(self.firsts[self._locale() if locale is None else locale])

    def last(self, locale: int | None = None) -> str:
        if self.dice.chance(0.1):
            return self.dice.pick(WORDS["more_last_names"])
        if self.dice.chance(0.12):
            return self.dice.made_up() + self.dice.pick(
                ["", "ov", "ev", "son", "sen", "ska", "ić", "dottir", "oğlu", "yan", "ez"]
            )
        return self.dice.pick(self.lasts[self._locale() if locale is None else locale])

    def person(self) -> str:
        locale = self._locale()
        first, last = self.first(locale), self.last(locale)
        initial = self.dice.pick(string.ascii_uppercase)
        forms = (
            [f"{first} {last}"] * 9
            + [f"{first} {initial}. {last}"] * 3
            + [f"{first} {initial} {last}"] * 2
            + [
                f"{last}, {first}", f"{last}, {initial}.", f"{initial}. {last}", f"{first} {self.first(locale)} {last}",
                f"{first} {last}-{self.last(locale)}", f"{first} {last} {self.last(locale)}",
                f"{last.upper()} {first}",
                f"{first} {self.dice.pick(PARTICLES)} {last}",
                f"{first} O'{last}", f"{first} {last} {self.dice.pick(['Jr.', 'Sr.', 'III', 'II'])}",
            ]
        )  # fmt: skip
        return self.dice.pick(forms)

    def job(self) -> str:
        roll = self.dice.random.random()
        if roll < 0.5:
            job = f"{self.dice.pick(WORDS['job_fields'])} {self.dice.pick(WORDS['job_ends'])}"
            if self.dice.chance(0.25):
                job = f"{self.dice.pick(['senior', 'junior', 'assistant', 'chief', 'certified', 'head'])} {job}"
        elif roll < 0.8:
            job = self.dice.pick(WORDS["jobs"])
        else:
            job = self.dice.english.job()
        return job[0].upper() + job[1:] if self.dice.chance(0.7) else job

    def people(self) -> str:
        group = self.dice.pick(WORDS["demonyms"])
        return group if group.endswith(("ese", "ish", "ch", "ss")) else group + "s"
