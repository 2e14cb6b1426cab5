"""Chance, and the made-up words that everything else is made of. One seed, one sequence."""

import random
import string
import tomllib
from collections.abc import Callable
from pathlib import Path

from faker import Faker

# Lists by name, from words.toml: there, a line end or "|" divides two entries.
WORDS = {
    name: text.strip("\n").replace("\n", "|").split("|")
    for name, text in tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8")).items()
}
# What is written into a text: its kind (None where it is nobody's), and how it is made.
Filler = tuple[str | None, Callable[[], str]]


class Dice:
    """Everything that draws. The makers of people, places and the rest share one."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)  # noqa: S311 - made-up texts, not secrets
        Faker.seed(seed)
        self.english = Faker("en_US")
        self.fakers = [Faker(locale) for locale in WORDS["locales"]]
        self.foreign = [Faker(locale) for locale in WORDS["other_scripts"]]

    def pick(self, options):
        return self.random.choice(options)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def number(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def digits(self, least: int, most: int) -> str:
        return "".join(self.pick(string.digits) for _ in range(self.number(least, most)))

    def letters(self, least: int, most: int) -> str:
        return "".join(self.pick(string.ascii_uppercase) for _ in range(self.number(least, most)))

    def made_up(self) -> str:
        """A word that no list holds."""
        return "".join(self.pick(WORDS["syllables"]) for _ in range(self.number(2, 4))).capitalize()
