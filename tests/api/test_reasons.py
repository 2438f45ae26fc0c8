"""Every reason that the operator can publish is described, once for each place where it can be."""

from iris_api import conditions, reasons

NAMES = {value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}
OF_READY = {row.reason for row in reasons.READY}
OF_CONDITIONS = {row.reason for row in conditions.CONDITIONS}


def test_every_reason_is_described_and_nothing_else() -> None:
    described = OF_READY | OF_CONDITIONS | conditions.EVENTS.keys() | conditions.REJECTIONS.keys()

    assert described == NAMES


def test_a_condition_has_one_description_of_each_reason() -> None:
    rows = [(name, row.reason) for row in conditions.CONDITIONS for name in row.conditions]

    assert len(rows) == len(set(rows))
