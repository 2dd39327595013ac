"""Numbers and money as people write them: ``"1,450"``, ``"1.2M"``, ``"€950 pcm"``, ``"1 private bath"``."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal
from numbers import Real

from msgspec import Struct

from brewlite.adapter.units import between_measures, measure_of, period_of

CURRENCY_SIGNS = {
    "usd": "$", "us$": "$", "$": "$", "dollar": "$", "dollars": "$", "aud": "A$", "a$": "A$", "au$": "A$",
    "cad": "C$", "c$": "C$", "ca$": "C$", "nzd": "NZ$", "nz$": "NZ$", "sgd": "S$", "s$": "S$",
    "hkd": "HK$", "hk$": "HK$",
    "mxn": "MX$", "mx$": "MX$", "brl": "R$", "r$": "R$", "eur": "€", "€": "€", "euro": "€", "euros": "€",
    "gbp": "£", "£": "£", "pound": "£", "pounds": "£", "jpy": "¥", "cny": "¥", "¥": "¥", "inr": "₹", "₹": "₹",
    "rs": "₹", "chf": "CHF ", "franken": "CHF ", "francs": "CHF ",
    "sek": "kr ", "nok": "kr ", "dkk": "kr ", "kr": "kr ", "pln": "zł ", "zł": "zł ",
    "krw": "₩", "₩": "₩", "try": "₺", "₺": "₺", "uah": "₴", "₴": "₴", "zar": "R ", "rub": "₽", "₽": "₽",
    "ils": "₪", "₪": "₪", "thb": "฿", "฿": "฿", "vnd": "₫", "₫": "₫", "php": "₱", "₱": "₱", "ngn": "₦", "₦": "₦",
    "twd": "NT$", "nt$": "NT$", "czk": "Kč ", "kč": "Kč ", "huf": "Ft ", "idr": "Rp ", "myr": "RM ",
    "aed": "AED ", "ars": "ARS ", "bgn": "BGN ", "bhd": "BHD ", "clp": "CLP ", "egp": "EGP ", "isk": "ISK ",
    "kes": "KES ", "kwd": "KWD ", "kzt": "KZT ", "lkr": "LKR ", "pkr": "PKR ", "qar": "QAR ", "rsd": "RSD ",
    "sar": "SAR ", "uyu": "UYU ",
}  # fmt: skip
"""Codes, signs and names of currencies (lower case) -> the sign put before an amount. Visitors' words are read by them
too, so codes that are words (``pen``) or measures (``ft``) are left out."""
_RARER_CODES = (
    "AFN AMD ANG AOA AWG AZN BAM BBD BDT BIF BMD BND BOB BSD BTN BWP BYN BZD CDF COP CRC CVE DJF DOP DZD ERN ETB FJD "
    "FKP GEL GHS GIP GMD GNF GTQ GYD HNL HTG IQD IRR JMD JOD KGS KHR KMF KPW KYD LAK LBP LRD LSL LYD MAD MDL MGA MKD "
    "MMK MNT MOP MRU MUR MVR MWK MZN NAD NIO NPR OMR PAB PEN PGK PYG RON RWF SBD SCR SDG SHP SLE SOS SRD SSP STN SYP "
    "SZL TJS TMT TND TTD TZS UGX UZS VES VUV WST XAF XCD XOF XPF YER ZMW ZWG"
)
CURRENCY_CODES = frozenset(_RARER_CODES.split(" "))
"""The other codes of ISO 4217, which are read in capitals alone."""
WORDY_CODES = frozenset({"ALL", "CUP", "TOP"})
"""Codes that beside an amount are words of an offer."""

MULTIPLIERS = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mm": 1e6, "mio": 1e6, "mil": 1e6, "million": 1e6, "millions": 1e6,
    "bn": 1e9, "billion": 1e9,
}  # fmt: skip

_CURRENCY = "|".join(sorted((re.escape(sign) for sign in CURRENCY_SIGNS), key=len, reverse=True))
_CURRENCY += f"|(?-i:{'|'.join(sorted(CURRENCY_CODES))})"
_DIGITS = r"\d{1,3}(?:[ '\u00a0\u202f’]\d{3})+(?:[.,]\d+)?(?!\d)|\d[\d.,]*\d|\d"
_TIMES = r"(?:k|m|mn|mm|mio|mil|bn|thousand|millions?|billion)(?![^\W\d_])"


def _amount(n: int) -> str:
    return rf"(?P<amount{n}>{_DIGITS})\s*(?P<times{n}>{_TIMES})?"


def _sign(n: int) -> str:
    return rf"(?P<sign{n}>(?:{_CURRENCY})(?![^\W\d_]))?"


_MONEY = re.compile(
    r"^(?P<lead>[^\W\d_][^\d$€£¥₹]*?)??\s*"
    rf"(?P<minus>[-−(])?\s*{_sign(1)}\s*(?P<minus2>[-−])?\s*{_amount(1)}\s*{_sign(2)}"
    rf"(?:\s*(?:-|–|—|to)\s*{_sign(3)}\s*{_amount(2)}\s*{_sign(4)})?"
    r"\s*(?P<tail>.*)$",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"^(?P<sign>[-−+])?\s*(?P<amount>" + _DIGITS + r"|[½¼¾⅓⅔])(?P<part>[½¼¾⅓⅔])?"
    r"(?:\s*(?:-|–|—|to)\s*\d[\d.,]*)?\s*(?P<tail>.*)$",
    re.IGNORECASE,
)
_BESIDE_PRICES = (
    "from ca circa approx approximately about around only asking guide price offers over above in excess of the "
    "region oieo oiro ono obo neg negotiable plus incl including inclusive excl excluding exclusive bills "
    "utilities warm kalt cold gross net salary rent starting at per up fixed firm est estimated base"
)
_FILLER = frozenset(_BESIDE_PRICES.split(" "))
MONEY_SANE = 1e13
"""More than this is a mistake in the data, whatever the currency."""


class Money(Struct, frozen=True, kw_only=True):
    """An amount as a row wrote it."""

    amount: float
    currency: str | None = None
    """The sign to put before it, when the row named a currency."""
    period: str | None = None
    """``month``, ``night``, ``hour`` ... when the row named one."""


def to_float(digits: str, thousands_dot: bool = False) -> float:
    """``digits`` with its separators read. Raises ValueError.

    With both ``,`` and ``.`` the last one is the decimal point. Alone, a comma before exactly three digits groups
    thousands and is a decimal comma otherwise; a dot is a decimal point, unless it comes twice, or
    ``thousands_dot`` and exactly three digits follow (``€1.450``): money has two places or none.
    """
    text = re.sub(r"[ '\u00a0\u202f’]", "", digits).rstrip(".,")
    if "," in text and "." in text:
        decimal = max(",", ".", key=text.rfind)
        group = "," if decimal == "." else "."
        if text.count(decimal) > 1 or not re.fullmatch(r"\d{1,3}(\D\d{2,3})*", text[: text.rfind(decimal)]):
            raise ValueError(digits)
        return float(text.replace(group, "").replace(decimal, "."))
    mark = "," if "," in text else "."
    grouped = re.fullmatch(rf"[1-9]\d{{0,2}}(?:\{mark}\d{{2,3}})*\{mark}\d{{3}}", text) is not None
    if text.count(mark) > 1 and not grouped:
        raise ValueError(digits)
    if grouped and (mark == "," or thousands_dot or text.count(mark) > 1):
        return float(text.replace(mark, ""))
    return float(text.replace(",", "."))


def currency_sign(code: str) -> str | None:
    """The sign put before money of ``code``: the usual one, of a rarer ISO 4217 code (in capitals) the code itself."""
    return CURRENCY_SIGNS.get(code.casefold()) or (f"{code} " if code in CURRENCY_CODES else None)


def parse_money(raw: object) -> Money:
    """``raw`` as money; a range is read as its lower end. Raises ValueError with what it is not."""
    if isinstance(raw, (Real, Decimal)) and not isinstance(raw, bool):
        return Money(amount=_sane(float(raw)))
    match = _MONEY.match(str(raw).strip())
    if match is None or not _filler(match["lead"]):
        raise ValueError("not money")
    signs = [match[f"sign{n}"] for n in range(1, 5) if match[f"sign{n}"]]
    times, last = match["times1"], match["times2"]
    try:
        amount = to_float(match["amount1"], thousands_dot=not times)  # "1.500M" is no thousand millions
        if not times and last and amount < to_float(match["amount2"], thousands_dot=True):
            times = last
    except ValueError:
        raise ValueError("not money") from None
    amount *= MULTIPLIERS[times.casefold()] if times else 1.0
    period, named, known = _period(match["tail"])
    if not known:
        raise ValueError("not money")
    signs += named
    if amount and (match["minus"] or match["minus2"]):
        amount = -amount
    return Money(amount=_sane(amount), currency=currency_sign(signs[0]) if signs else None, period=period)


def parse_number(raw: object, unit: str = "", spoken: str = "") -> float:
    """``raw`` as a number, converted into ``unit`` where it names another measure of the same thing.

    ``spoken`` is the measure of a number that names none (its column's). Words behind the number that are no
    measure are let pass (``"1 private bath"``). Raises ValueError.
    """
    if isinstance(raw, bool):
        raise ValueError("not a number")
    if isinstance(raw, (Real, Decimal)):
        return _in_unit(_finite(float(raw)), spoken, unit)
    match = _NUMBER.match(str(raw).strip())
    tail = match["tail"].strip() if match else ""
    if match is None or _more_figures(tail):
        raise ValueError("not a number")
    try:
        if match["amount"] in "½¼¾⅓⅔":
            number = unicodedata.numeric(match["amount"])
        else:
            number = to_float(match["amount"]) + (unicodedata.numeric(match["part"]) if match["part"] else 0.0)
    except ValueError:
        raise ValueError("not a number") from None
    number = -number if match["sign"] in ("-", "−") else number
    return _in_unit(_finite(number), _measure_ahead(tail) or spoken, unit)


def _measure_ahead(tail: str) -> str:
    """The measure that ``tail`` begins with: ``"sq ft (111 m²)"`` says it twice."""
    words = [word for word in re.split(r"[\s(/|=,;]+", tail) if word]
    return next((said for n in (3, 2, 1) if measure_of(said := " ".join(words[:n]))), "")


def _in_unit(number: float, spoken: str, unit: str) -> float:
    measure, wanted = measure_of(spoken), measure_of(unit)
    if not measure or not wanted or measure == wanted:
        return number
    converted = between_measures(number, measure, wanted)
    if converted is None:
        raise ValueError(f"not a number of {unit}")
    return round(converted, 2)


def _more_figures(tail: str) -> bool:
    """``1/2``, ``10:30`` and ``3x4`` are not one number; ``2 bed, 1 bath`` is its first."""
    first = tail.split(" ")[0]
    return tail[:1] in ("/", ":", "*", "^") or (any(map(str.isdigit, first)) and measure_of(first) is None)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def _sane(amount: float) -> float:
    if not math.isfinite(amount):
        raise ValueError("not money")
    if amount < 0:
        raise ValueError("money below zero")
    if amount > MONEY_SANE:
        raise ValueError("more money than there is")
    return amount


def _filler(lead: str | None) -> bool:
    """Whether nothing stands there, or only words that come before prices."""
    return not lead or all(word in _FILLER for word in re.findall(r"[^\W\d_]+", lead.casefold()))


def _period(tail: str) -> tuple[str | None, list[str], bool]:
    """The period named behind an amount, the currencies named there, and whether every word there was understood."""
    rest = re.sub(r"\([^)]*\)|[+*)!,.]+$", " ", tail).strip(" .,;+-)")
    if not rest:
        return None, [], True
    if (period := period_of(rest)) is not None:
        return period, [], True
    pieces = [piece for piece in re.split(r"[\s,;+()]+", rest.replace("/", " /")) if piece]
    periods = [period_of(piece) for piece in pieces]
    known = all(
        found or word.strip(".") in _FILLER or word in ("a", "an", "/", "each") or currency_sign(piece)
        for piece, word, found in zip(pieces, map(str.casefold, pieces), periods, strict=True)
    )
    currencies = [piece for piece in pieces if currency_sign(piece)]
    return next((found for found in periods if found), None), currencies, known
