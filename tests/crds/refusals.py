"""Specs that the API server itself must refuse: what is written, which field the answer names, what it says.

The tables are data only; their words are what a user reads, so a change of them is a change of the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """One mistake; `spec` is laid over a spec that is fine."""

    mistake: str
    spec: Mapping[str, Any]
    field: str
    says: str
