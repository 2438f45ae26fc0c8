"""Kubernetes quantities ("500m", "0.5", "128Mi") as exact numbers. Pure."""

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
    """None when it is no quantity."""
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    return Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _SUFFIXES[suffix or ""])


def equal(left: object, right: object) -> bool:
    """Whether two values are the same quantity: "500m" and "0.5" are."""
    if not isinstance(left, str | int) or not isinstance(right, str | int):
        return False
    parsed = parse(left)
    return parsed is not None and parsed == parse(right)
