"""Kubernetes quantities ("500m", "0.5", "128Mi") as exact numbers. Pure."""

import math
import re
from decimal import Decimal
from typing import Final

_SUFFIXES: Final = {
    "": Decimal(1),
    **{
        name: Decimal(10) ** power
        for name, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
    },
    **{f"{name}i": Decimal(1024) ** power for power, name in enumerate("KMGTPE", start=1)},
}
_QUANTITY: Final = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)", re.ASCII
)


def parse(text: str | int) -> Decimal | None:
    """The exact number; None for a text that is no quantity."""
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    return Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _SUFFIXES[suffix or ""])


def equal(left: object, right: object) -> bool:
    """Whether the API server stores two values as the same quantity of a resource: "500m" and "0.5" are.

    It keeps thousandths and rounds up to them.
    """
    if not isinstance(left, str | int) or not isinstance(right, str | int):
        return False
    first, second = parse(left), parse(right)
    if first is None or second is None:
        return False
    return _in_thousandths(first) == _in_thousandths(second)


def _in_thousandths(quantity: Decimal) -> int:
    return math.ceil(quantity * 1000)
