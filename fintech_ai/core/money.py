"""Amounts and their currencies (ISO 4217), as they are checked, rounded and shown."""

from decimal import ROUND_HALF_UP, Decimal

import pycountry

# ISO 4217 lists two minor digits for every currency but these.
MINOR_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
# In ISO 4217, but not money that a payment is made in: metals, funds' units, tests, no currency.
NOT_PAYABLE = frozenset("XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX".split())


def is_currency(code: str) -> bool:
    """Whether payments are made in it: an upper-case ISO 4217 code in force."""
    return code not in NOT_PAYABLE and code.isupper() and pycountry.currencies.get(alpha_3=code) is not None


def minor_digits(currency: str) -> int:
    """How many decimals an amount in this currency has."""
    return MINOR_DIGITS.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount to the currency's last decimal, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_UP)


def shown(amount: Decimal, currency: str) -> str:
    """For people: 1,284.40 USD."""
    return f"{rounded(amount, currency):,f} {currency}"
