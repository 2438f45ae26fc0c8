"""What a report shows of the time around a lost request."""

from iris_local_cluster.up.load_client import Answer

from tests.truth import timeline, verdict
from tests.truth.__main__ import report
from tests.truth.timeline import Entry
from tests.truth.verdict import Declared

ENTRIES = (
    Entry(100, timeline.change(6, "good")),
    Entry(120, timeline.change(7, "missing")),
    Entry(131, "pod a: ready"),
    Entry(150.5, "pod a: deleted"),
    Entry(140, "endpoints: a"),
    Entry(170, "pod b: ready"),
)


def test_a_lost_request_is_shown_with_its_change_and_what_happened_around_it() -> None:
    assert timeline.around(ENTRIES, 150, 151) == [
        "-30.00 s: change 7: missing",
        "-10.00 s: endpoints: a",
        "+0.50 s: pod a: deleted",
    ]


def test_the_report_names_the_failure_of_a_lost_request_and_the_events_around_it() -> None:
    lost = Answer(150, 151, None, "ReadError < ConnectionResetError: [Errno 104]")

    lines = report(verdict.judge([lost], [Declared("1.0.0", sent=0, ready=5)]), 7, ENTRIES).splitlines()

    assert lines[0] == "seed 7: 1 requests, 1 lost"
    assert any(line.endswith("after 1.00 s: ReadError < ConnectionResetError: [Errno 104]") for line in lines)
    assert lines[-1] == "    +0.50 s: pod a: deleted"
