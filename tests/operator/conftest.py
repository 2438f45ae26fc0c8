"""Fixtures of the tests of the operator's own parts."""

import pytest

from tests.operator.applying import Applying


@pytest.fixture
def applying() -> Applying:
    return Applying()
