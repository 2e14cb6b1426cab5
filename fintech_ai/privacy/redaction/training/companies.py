"""Made-up companies, and some that everybody knows."""

from .dice import WORDS, Dice, Filler
from .people import People
from .places import Places

NAME_ENDS = "||ly|ify|io|ex|ant|era|tech|soft|net|com|ix|us|ate|quest".split("|")
FIELDS = "Consulting|Trading|Public Data|Environmental|Mutual|Lending|Standard|National".split("|")


class Companies:
    """Names put together as companies do it: of owners, places, letters, and words of a trade."""

    def __init__(self, dice: Dice, people: People, places: Places):
        self.dice, self.people, self.places = dice, people, places

    def fillers(self) -> dict[str, Filler]:
        """What this slot of a template becomes."""
        return {"org": ("ORGANIZATION", self.company)}

    def company(self) -> str:
        roll = self.dice.random.random()
        if roll < 0.2:
            return self.dice.pick(self.dice.fakers[7:14] if self.dice.chance(0.7) else self.dice.fakers).company()
        if roll < 0.35:
            return self.dice.pick(WORDS["known_companies"])
        if roll < 0.45:
            return self.dice.pick(
                [
                    f"{self.people.last()}, {self.people.last()} and {self.people.last()}",
                    f"{self.people.last()}-{self.people.last()}",
                    f"{self.people.last()} & {self.people.last()}",
                ]
            )
        if roll < 0.52:
            letters = self.dice.letters(2, 4)
            return self.dice.pick([letters, letters, ".".join(letters) + "."])
        if roll < 0.6:
            field = self.dice.pick(FIELDS)
            lead = self.dice.pick([self.places.city(), self.dice.pick(WORDS["product_words"]), field])
            return f"{lead} {field} {self.dice.pick(WORDS['company_ends'])}"
        words = [self.dice.pick(WORDS["product_words"]) for _ in range(self.dice.pick((1, 1, 2, 2, 2, 3)))]
        style = self.dice.random.random()
        if style < 0.25:
            name = "".join(words).capitalize() if self.dice.chance(0.6) else "".join(words)
        elif style < 0.65:
            name = self.dice.pick([" ", " ", " ", " And ", " & "]).join(words)
        else:
            name = self.dice.pick([self.dice.made_up(), self.dice.pick(WORDS["product_words"])]) + self.dice.pick(
                NAME_ENDS
            )
        return f"{name} {self.dice.pick(WORDS['company_ends'])}" if self.dice.chance(0.4) else name
