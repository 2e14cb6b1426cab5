"""What has a form of its own: found by pattern and, where there is one, proven by its check digits.

The patterns run on the text with its digits, letters and signs made plain (`folding`), so that full-width digits
and hidden characters do not help. No pattern has nested repetition; a slow one would be cut off by the parent anyway.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import phonenumbers
from stdnum import iban, luhn
from stdnum.us import ssn

from .folding import extent, fold

Found = tuple[int, int, str]

_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
# Words after which a short code is an identifier, whatever its form.
_LABEL = (
    r"(?:passport|ssn|social security|national insurance|nino|tax(?:payer)?|tin|ein|vat|licen[cs]e|"
    r"driv(?:er|ing)(?:'?s)? licen[cs]e|id(?:entity)?(?: card)?|personal (?:id|code)|customer|client|member|policy|"
    r"account|acct|a/c|iban|bic|swift|sort code|routing|reference|ref|nhs|medicare|pan|cvv2?|cvc2?|pin|otp|passcode)"
)


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _is_card(text: str) -> bool:
    return 12 <= len(_digits(text)) <= 19 and luhn.is_valid(_digits(text))


def _is_iban(text: str) -> bool:
    return iban.is_valid(text, check_country=False)


def _is_address(text: str) -> bool:
    if len(text) < 4:
        return False
    try:
        ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _is_code(text: str) -> bool:
    """Three digits or more: "account 5" and "for 12 days" are no codes."""
    return len(_digits(text)) >= 3 and len(text) <= 40


def _is_secret(text: str) -> bool:
    """Long, and of letters and digits mixed as no word is."""
    return _has_digit(text) and any(character.isalpha() for character in text)


_HOST_ENDS = "com|org|net|edu|gov|io|info|biz|co|me|app|dev|eu|uk|us|de|fr|es|it|nl|pl|pt|ch|at|be|dk|se|no|fi|ru|br|in"
_HOST = rf"(?:[a-z0-9-]{{1,62}}\.){{1,4}}(?:{_HOST_ENDS})"
_CLOCK = r"[t ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:z|[+-]\d\d:?\d\d))?"
_YEAR, _MONTH_NUMBER, _DAY_NUMBER = r"(?:19|20)\d\d", "(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
# Groups with a digit in each, after at most two letters: "ab 12 34 56", and no word that follows.
_GROUP = r"[a-z]{0,8}\d[a-z0-9]{0,20}"
_CODE = rf"(?:[a-z]{{1,2}}[ -])?{_GROUP}(?:[ -]{_GROUP}){{0,6}}(?:-?[a-z])?"
_LABEL_END = r"(?: (?:no|nr|num|number|id|code|is))*[.:# ]{1,3}(?:is )?"
_DOT, _AT = r" ?(?:\.|\(dot\)|\[dot\]| dot ) ?", r" ?(?:@|\(at\)|\[at\]| at ) ?"


def _is_spelled_email(text: str) -> bool:
    return "@" in text or "dot" in text or "(at)" in text or "[at]" in text


def _is_phone(text: str) -> bool:
    return 7 <= len(_digits(text)) <= 17


def _is_cut_card(text: str) -> bool:
    return any(character in text for character in "x*#•")


_ANY: Callable[[str], bool] = bool

# Kind, pattern, proof. The surer first: where two overlap, the first names the kind.
_PATTERNS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = tuple(
    (kind, re.compile(pattern, re.ASCII), proof)
    for kind, pattern, proof in (
        ("EMAIL", r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]{0,62}\.){1,6}[a-z]{2,24}", _ANY),
        ("EMAIL", rf"[\w.+-]{{1,64}}{_AT}[\w-]{{1,62}}(?:{_DOT}[\w-]{{2,62}}){{1,3}}\b", _is_spelled_email),
        ("URL", r"\b(?:https?|ftp)://[^\s<>\"'|]{3,}", _ANY),
        ("URL", r"\bwww\.[^\s<>\"'|]{3,}", _ANY),
        ("URL", rf"\b{_HOST}\b(?:/[^\s<>\"'|]*)?", _ANY),
        ("ACCOUNT", r"\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{4}){2,7}(?:[ -]?[a-z0-9]{1,4})?\b", _is_iban),
        ("CARD", r"(?<!\d)\d(?:[ .-]{0,3}\d){11,18}(?!\d)", _is_card),
        ("CARD", r"(?<!\d)\d{4,6}[ .x*#•-]{3,14}\d{4}(?!\d)", _is_cut_card),
        ("IP", r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)", _is_address),
        ("IP", r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", _is_address),
        ("IP", r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b", _ANY),
        ("ID", r"(?<!\d)\d{3}[- ]\d{2}[- ]\d{4}(?!\d)", ssn.is_valid),
        ("ID", r"\b(?!bg|gb|nk|kn|tn|nt|zz)[a-ceghj-prstw-z][a-ceghj-nprstw-z] ?\d{2} ?\d{2} ?\d{2} ?[a-d]\b", _ANY),
        ("DATE", rf"(?<![\d.]){_YEAR}[-/.]{_MONTH_NUMBER}[-/.]{_DAY_NUMBER}(?!\d)(?:{_CLOCK})?", _ANY),
        ("DATE", rf"(?<![\d.]){_DAY_NUMBER}([-/.]){_DAY_NUMBER}\1(?:{_YEAR}|\d\d)(?![\d.]*\d)", _ANY),
        ("DATE", rf"\b{_DAY}(?: of)?[ -.]{{1,2}}{_MONTH}\b(?:[ ,.-]{{1,2}}(?:(?:19|20)\d\d\b|'\d\d\b))?", _ANY),
        ("DATE", rf"\b{_MONTH}\.? (?:the )?{_DAY}\b(?:,? (?:19|20)\d\d\b)?", _ANY),
        ("AGE", r"\b\d{1,3}(?=[ -](?:years?|yrs?)[ -](?:olds?|of age)\b| ?y/?o\b|-year-olds?\b)", _ANY),
        ("AGE", r"(?<=\baged )\d{1,3}\b", _ANY),
        ("SECRET", r"\b(?:sk|pk|rk|ghp|gho|xox[abp]|akia|eyj)[-_a-z0-9.]{16,}", _ANY),
        ("SECRET", r"(?<=password is )\S{4,}|(?<=password: )\S{4,}", _ANY),
        ("SECRET", r"\b(?:bc1[a-z0-9]{25,60}|0x[0-9a-f]{40})\b", _ANY),
        ("SECRET", r"(?<![\w/+=-])[\w+-]{28,}(?![\w/+=-])", _is_secret),
        ("USERNAME", r"(?<![\w.])@[a-z0-9_][\w.]{1,38}", _ANY),
        ("ID", rf"\b{_LABEL}{_LABEL_END}(?P<value>{_CODE})(?!\w)", _is_code),
        ("PHONE", r"(?<![\w.])(?:\+|00)\d{1,3}(?:[ ./-]{0,2}\(?\d{1,4}\)?){2,6}(?!\d)", _is_phone),
        ("ID", r"(?<![\d.,])\d(?:[ -]?\d){8,}(?![\d.,]*\d)", _ANY),
        ("ID", r"(?<![\d.,])\d{7,}(?![.,]?\d)", _ANY),
    )
)  # fmt: skip
_REGIONS = ("US", "GB")


def find_by_pattern(text: str) -> Iterator[Found]:
    """Everything with a form of its own, the surest first."""
    folded = fold(text, separators=True)
    for kind, pattern, proof in _PATTERNS:
        for match in pattern.finditer(folded.text):
            group = "value" if "value" in pattern.groupindex else 0
            if proof(match[group]):
                yield *extent(text, folded, *match.span(group)), kind
    for start, end in _phones(folded.text):
        yield *extent(text, folded, start, end), "PHONE"


@lru_cache(maxsize=256)
def _phones(text: str) -> list[tuple[int, int]]:
    """Numbers that some country's plan knows, wherever they stand."""
    found = []
    for region in _REGIONS:
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID):
            found.append((match.start, match.end))
    return found
