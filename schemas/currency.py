"""Minor units of currencies, after ISO 4217, and the largest amounts that a payment may have."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

USUAL_EXPONENT = 2
_WITHOUT_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_TEN_THOUSANDTHS = "CLF UYW"

EXPONENTS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(_WITHOUT_MINOR_UNIT.split(), 0),
        **dict.fromkeys(_THOUSANDTHS.split(), 3),
        **dict.fromkeys(_TEN_THOUSANDTHS.split(), 4),
    }
)
"""Decimal places of the currencies that have not `USUAL_EXPONENT`."""

_MINOR_UNITS = {code: 10.0**exponent for code, exponent in EXPONENTS.items()}

MAX_AMOUNT_MINOR = 10_000_000_000
"""Largest amount in minor units by default: 100 million of a currency with cents."""

# Of the first a dollar buys a hundred or more, of the second a thousand: a house has more digits.
_SMALL = "AMD ARS CDF COP HUF JPY KHR KMF KRW KZT LKR MGA MMK MNT NGN PKR TZS YER"
_SMALLER = "BIF CLP DJF GNF IDR IQD IRR LAK LBP PYG RWF SLL SYP UGX UZS VND XAF XOF ZWL"

MAX_AMOUNTS_MINOR: Mapping[str, int] = MappingProxyType(
    {**dict.fromkeys(_SMALL.split(), 10**12), **dict.fromkeys(_SMALLER.split(), 10**13)}
)
"""Largest amounts in minor units of currencies with small units, unless the settings say otherwise."""

_FEW = 64
"""Below so many rows look-ups one by one cost less than an encoding."""


def exponent_of(currency: str) -> int:
    """Return the decimal places of a currency; of an unknown one the usual two."""
    return EXPONENTS.get(currency, USUAL_EXPONENT)


def minor_units(currencies: pa.Array) -> npt.NDArray[np.float64]:
    """Return how many minor units one major unit has, by the currency of each of n rows.

    Parameters
    ----------
    currencies : pyarrow string array, (n,)
        ISO 4217 codes; null counts as unknown.

    Returns
    -------
    ndarray of float64, (n,)
        Powers of ten.
    """
    return by_currency(currencies, _MINOR_UNITS, 100.0)


def by_currency(currencies: pa.Array, values: Mapping[str, float], usual: float) -> npt.NDArray[np.float64]:
    """Return a value for each row's currency, ``usual`` for those that ``values`` has not, (n,)."""
    get = values.get
    if len(currencies) < _FEW:
        return np.array([get(code, usual) for code in currencies.to_pylist()], np.float64)
    encoded = currencies.dictionary_encode(null_encoding="encode")
    found = np.array([get(code, usual) for code in encoded.dictionary.to_pylist()], np.float64)
    of_rows: npt.NDArray[np.float64] = found[encoded.indices.to_numpy()]
    return of_rows


def amount_text(amount_minor: int, currency: str) -> str:
    """Return an amount as people read it: `1,234.50 EUR`, `1,234 JPY`."""
    exponent = exponent_of(currency)
    whole, rest = divmod(abs(amount_minor), 10**exponent)
    cents = f".{rest:0{exponent}d}" if exponent else ""
    return f"{'-' if amount_minor < 0 else ''}{whole:,}{cents} {currency}"
