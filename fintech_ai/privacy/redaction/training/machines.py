"""What stands in a bank's notes and is nobody's: amounts, codes, terminals, the names of rules and schemes.

Without them the detector takes every capital and every number beside a shop for somebody's.
"""

from .dice import WORDS, Dice, Filler


class Machines:
    """Fillers whose words are not labelled."""

    def __init__(self, dice: Dice):
        self.dice = dice

    def fillers(self) -> dict[str, Filler]:
        """What these slots of a template become."""
        makers = {
            "jargon": self.jargon,
            "rule": self.rule,
            "mcc": lambda: self.dice.digits(4, 4),
            "terminal": self.terminal,
            "code": self.code,
            "amount": self.amount,
            "count": self.count,
            "score": self.score,
            "hours": self.hours,
            "section": self.section,
            "thing": lambda: self.dice.pick(WORDS["things"]),
        }
        return {name: (None, make) for name, make in makers.items()}

    def jargon(self) -> str:
        """A word of the trade, written as anybody may write it."""
        return self._cased(self.dice.pick(WORDS["jargon"]))

    def rule(self) -> str:
        """The name of a rule, a model, a queue or a team."""
        lead = self.dice.pick(WORDS["jargon"]) if self.dice.chance(0.6) else self.dice.pick(WORDS["rule_words"])
        end = self.dice.pick(WORDS["rule_ends"])
        number = self.dice.pick(["", "", "", f" {self.dice.digits(1, 3)}", f" v{self.dice.digits(1, 1)}"])
        return self._cased(f"{lead} {end}") + number

    def terminal(self) -> str:
        letters = self.dice.letters(1, 3)
        forms = [self.dice.digits(3, 8), self.dice.digits(8, 8), f"{letters}{self.dice.digits(2, 6)}"]
        return self.dice.pick([*forms, f"{letters}-{self.dice.digits(2, 4)}"])

    def code(self) -> str:
        """A code of a message or a reason, as ISO 8583 and the card schemes have them."""
        digits = self.dice.digits
        return self.dice.pick(
            [digits(2, 2), digits(3, 3), digits(4, 4), digits(6, 6), f"{digits(2, 2)}.{digits(1, 1)}",
             f"{self.dice.letters(1, 1)}{digits(1, 2)}", f"{digits(1, 2)}/{digits(2, 3)}", self.dice.letters(1, 2)]
        )  # fmt: skip

    def amount(self) -> str:
        whole, cents = self.dice.number(0, 99_999), self.dice.number(0, 99)
        value = self.dice.pick(
            [f"{whole:,}.{cents:02}", f"{whole}.{cents:02}", f"{whole}", f"{whole:,}", f"{whole % 1000}.{cents:02}"]
        )
        unit = self.dice.pick(WORDS["currencies"])
        return self.dice.pick([f"{value} {unit}", f"{unit} {value}", f"${value}", f"€{value}", f"£{value}", value])

    def count(self) -> str:
        return str(self.dice.number(2, 60)) if self.dice.chance(0.6) else self.dice.pick(WORDS["counts"])

    def score(self) -> str:
        return self.dice.pick(
            [f"0.{self.dice.number(1, 99):02}", str(self.dice.number(1, 100)), f"{self.dice.number(1, 99)}%"]
        )

    def hours(self) -> str:
        unit = self.dice.pick("minutes|hours|days|min|h|business days|weeks|months|seconds".split("|"))
        return f"{self.dice.number(2, 90)}{self.dice.pick([' ', ' ', ''])}{unit}"

    def section(self) -> str:
        law = self.dice.pick("Regulation|Reg|Section|Article|Clause|Part|Chapter|Annex|Schedule|Rule".split("|"))
        digits = self.dice.digits(1, 4)
        return f"{law} {self.dice.pick([self.dice.letters(1, 1), digits, 'IV', f'{digits}(b)'])}"

    def _cased(self, text: str) -> str:
        roll = self.dice.random.random()
        if roll < 0.3:
            return text[0].upper() + text[1:]
        if roll < 0.55:
            return " ".join(word[0].upper() + word[1:] for word in text.split())
        return text.upper() if roll < 0.6 else text
