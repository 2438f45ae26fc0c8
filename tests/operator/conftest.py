"""Fixtures of the tests of the operator's own parts."""

from collections.abc import Iterator
from typing import Any

import pytest
from iris_operator import metrics

from tests.operator.applying import Applying


@pytest.fixture
def applying() -> Applying:
    return Applying()


@pytest.fixture
def models() -> Iterator[list[dict[str, Any]]]:
    """The IrisModels that the metrics describe."""
    known: list[dict[str, Any]] = []
    metrics.models(lambda: known)
    yield known
    metrics.models(lambda: ())
