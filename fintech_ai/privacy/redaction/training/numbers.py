"""Made-up dates, telephone numbers, cards, accounts, addresses in the network, and identifiers."""

from .dice import Dice, Filler

MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


class Numbers:
    """What has a form of its own, in many of its forms."""

    def __init__(self, dice: Dice):
        self.dice = dice

    def fillers(self) -> dict[str, Filler]:
        """What these slots of a template become."""
        fake = self.dice.english
        return {
            "date": ("DATE", self.date),
            "datetime": ("DATE", self.datetime),
            "year": ("DATE", lambda: str(self.dice.number(1890, 2030))),
            "weekday": ("DATE", lambda: self.dice.pick(WEEKDAYS)),
            "phone": ("PHONE", self.phone),
            "card": ("CARD", self.card),
            "iban": ("ACCOUNT", self.account),
            "email": ("EMAIL", self.email),
            "url": ("URL", self.url),
            "ip": ("IP", lambda: self.dice.pick((fake.ipv4, fake.ipv4, fake.ipv6))()),
            "id": ("ID", self.identifier),
        }

    def date(self) -> str:
        day, month, year = self.dice.number(1, 28), self.dice.number(1, 12), self.dice.number(1920, 2029)
        name = MONTHS[month - 1]
        forms = [
            f"{day} {name} {year}", f"{name} {day}, {year}", f"{year}-{month:02}-{day:02}",
            f"{day:02}/{month:02}/{year}",
            f"{month}/{day}/{year % 100:02}", f"{day}.{month}.{year}", f"{day} {name[:3]} {year}",
            f"{name} {year}", f"{name} {day}",
            f"{day} {name}", f"the {day}th of {name}", f"{self.dice.pick(WEEKDAYS)}, {day} {name}",
            f"{day}-{name[:3]}-{year}",
        ]  # fmt: skip
        return self.dice.pick(forms)

    def datetime(self) -> str:
        stamp = self.dice.english.date_time().strftime(
            self.dice.pick(["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d/%m/%Y %H:%M", "%d %b %Y, %H:%M"])
        )
        return stamp if self.dice.chance(0.7) else self.date()

    def phone(self) -> str:
        roll, digits = self.dice.random.random(), self.dice.digits
        if roll < 0.45:
            return self.dice.pick(self.dice.fakers).phone_number()
        if roll < 0.6:
            first, second = self.dice.pick("-. "), self.dice.pick("-. ")
            number = f"{digits(3, 3)}{first}{digits(3, 3)}{second}{digits(4, 4)}"
            extension = f"{self.dice.pick(['x', ' x', ' ext. '])}{digits(2, 5)}"
            return number + extension if self.dice.chance(0.4) else number
        groups = [digits(2, 4) for _ in range(self.dice.number(2, 4))]
        separator = self.dice.pick([" ", " ", "-", ".", ""])
        abroad = [f"+{digits(1, 3)} ", f"00{digits(2, 2)} ", f"+{digits(2, 2)} (0)", f"({digits(2, 4)}) "]
        return self.dice.pick(["", "", "", *abroad]) + separator.join(groups)

    def card(self) -> str:
        number = self.dice.english.credit_card_number()
        if self.dice.chance(0.25):
            separator = self.dice.pick(" -")
            number = separator.join(number[i : i + 4] for i in range(0, len(number), 4))
        return number

    def account(self) -> str:
        roll = self.dice.random.random()
        if roll < 0.6:
            iban = self.dice.pick(self.dice.fakers).iban()
            return iban if self.dice.chance(0.5) else " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
        return self.dice.pick(
            [
                self.dice.digits(8, 12),
                f"{self.dice.digits(2, 2)}-{self.dice.digits(2, 2)}-{self.dice.digits(2, 2)}",
                self.dice.english.swift(),
            ]
        )

    def email(self) -> str:
        fake = self.dice.pick(self.dice.fakers)
        return self.dice.pick([fake.ascii_email, fake.ascii_free_email, fake.ascii_company_email])()

    def url(self) -> str:
        return self.dice.pick(
            [
                self.dice.english.url(),
                self.dice.english.uri(),
                f"www.{self.dice.english.domain_name()}",
                self.dice.english.domain_name(),
            ]
        )

    def identifier(self) -> str:
        letters = self.dice.letters(2, 2)
        pairs = " ".join(self.dice.digits(2, 2) for _ in range(3))
        american = f"{self.dice.digits(3, 3)}-{self.dice.digits(2, 2)}-{self.dice.digits(4, 4)}"
        nordic = f"{self.dice.digits(6, 6)}-{self.dice.digits(4, 4)}"
        simple = [self.dice.digits(9, 9), f"{letters}{self.dice.digits(6, 8)}", self.dice.english.bothify("?######")]
        forms = [self.dice.english.ssn(), f"{letters} {pairs} A", american, nordic, *simple]
        return self.dice.pick(forms)
