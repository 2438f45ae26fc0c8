"""The printed steps: one line per step in a log, a redrawn list on a terminal."""

import io
import threading

import pytest
from iris_local_cluster import progress
from iris_local_cluster.progress import Progress
from rich.console import Console


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Watched(io.StringIO):
    """An output that can be waited upon until a text was written to it."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self._awaited = awaited
        self.seen = threading.Event()

    def write(self, text: str) -> int:
        if self._awaited in text:
            self.seen.set()
        return super().write(text)


def _plain(clock: Clock | None = None, **timing: float) -> tuple[Progress, io.StringIO]:
    output = io.StringIO()
    console = Console(file=output, force_terminal=False, width=100, color_system=None)
    return Progress(console, clock=clock or Clock(), **timing), output


def test_a_quick_step_is_one_line_with_its_time() -> None:
    clock = Clock()
    view, output = _plain(clock)

    with view.step("Build etcd"):
        clock.now = 4.2

    assert output.getvalue() == "✓ Build etcd  4.2 s\n"


def test_what_was_cached_says_so() -> None:
    view, output = _plain()

    with view.step("Build etcd") as step:
        step.cached()

    assert output.getvalue() == "✓ Build etcd  0.0 s · cached\n"


def test_steps_inside_a_step_are_indented() -> None:
    view, output = _plain()

    with view.step("Cluster"), view.step("Node") as inner:
        inner.result("10.0.0.1")

    assert output.getvalue() == "  ✓ Node  0.0 s · 10.0.0.1\n✓ Cluster  0.0 s\n"


def test_a_step_of_another_thread_is_not_indented_by_this_one() -> None:
    view, output = _plain()

    def beside() -> None:
        with view.step("Beside"):
            pass

    with view.step("Cluster"):
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()

    assert output.getvalue().splitlines()[0] == "✓ Beside  0.0 s"


@pytest.mark.parametrize(
    ("raised", "line"),
    [(ValueError, "✗ Build  0.0 s · failed\n"), (KeyboardInterrupt, "■ Build  0.0 s · stopped\n")],
)
def test_a_step_that_does_not_finish_is_marked_and_lets_the_reason_through(
    raised: type[BaseException], line: str
) -> None:
    view, output = _plain()

    with pytest.raises(raised), view.step("Build"):
        raise raised

    assert output.getvalue() == line


def test_a_slow_step_tells_its_detail_while_it_runs() -> None:
    output = Watched("package 7 of 9")
    # Long enough for the note to stand before the one reminder that comes within the test.
    view = Progress(Console(file=output, force_terminal=False, width=100), clock=Clock(), slow_seconds=0.3)

    with view.step("Build Kubernetes") as step:
        step.note("package 7 of 9")
        shown = output.seen.wait(10)

    assert shown


def test_a_terminal_shows_the_running_step_and_is_left_with_the_finished_line_only() -> None:
    output = Watched("compiling")
    view = Progress(Console(file=output, force_terminal=True, width=60, color_system=None), clock=Clock())

    with view.step("Build") as step:
        step.note("compiling")
        shown = output.seen.wait(10)

    after_the_last_erase = output.getvalue().rpartition("\x1b[2K")[2]
    assert shown
    assert "✓ Build  0.0 s\n" in output.getvalue()
    assert "Build" not in after_the_last_erase
    assert "\x1b[?25h" in after_the_last_erase, "the cursor is shown again"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (367, "6 min 07 s"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text
